#include "util/sasl/sasl_cyrus.h"

#include <sasl/sasl.h>
#include <sasl/saslutil.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/log/log.h"
#include "util/sasl/sasl_base64.h"
#include "util/sasl/sasl_options.h"

int sasl_cyrus_log(void *context, int level, const char *text)
{
    switch (level) {
    case SASL_LOG_ERR:
    case SASL_LOG_WARN:
        log_warning("SASL authentication problem: %s", text);
        break;
    case SASL_LOG_FAIL:
        log_warning("SASL authentication failure: %s", text);
        break;
    case SASL_LOG_NOTE:
        log_debug("SASL authentication info: %s", text);
        break;
    default: /* more detailed levels can show secrets */
        break;
    }
    return SASL_OK;
}

unsigned sasl_cyrus_security_flags(unsigned options)
{
    static const struct {
        unsigned option;
        unsigned flag;
    } pairs[] = {
        { SASL_OPTION_NO_PLAINTEXT, SASL_SEC_NOPLAINTEXT },   { SASL_OPTION_NO_ACTIVE, SASL_SEC_NOACTIVE },
        { SASL_OPTION_NO_DICTIONARY, SASL_SEC_NODICTIONARY }, { SASL_OPTION_NO_ANONYMOUS, SASL_SEC_NOANONYMOUS },
        { SASL_OPTION_MUTUAL_AUTH, SASL_SEC_MUTUAL_AUTH },    { SASL_OPTION_FORWARD_SECRECY, SASL_SEC_FORWARD_SECRECY },
    };
    unsigned flags = 0;

    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        if (options & pairs[i].option)
            flags |= pairs[i].flag;
    }
    return flags;
}

const char *sasl_cyrus_error(int result)
{
    return sasl_errstring(result, NULL, NULL);
}

int sasl_cyrus_decode(const char *text, struct str *out)
{
    size_t length = strlen(text);
    unsigned decoded = 0;

    str_reserve(out, length + 1);
    int result = sasl_decode64(text, (unsigned)length, out->data + out->length, (unsigned)(length + 1), &decoded);
    if (result != SASL_OK)
        return result;
    out->length += decoded;
    out->data[out->length] = '\0';
    return SASL_OK;
}

void sasl_cyrus_encode(const char *bytes, unsigned length, struct str *out)
{
    sasl_base64_encode(bytes, length, out);
}
