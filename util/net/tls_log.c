#include "util/net/tls_log.h"

#include <openssl/err.h>
#include <string.h>

#include "util/log/log.h"

void tls_log_problems(void)
{
    const char *file;
    const char *data;
    char text[1024];
    int line;
    int flags;
    unsigned long code;

    while ((code = ERR_get_error_all(&file, &line, NULL, &data, &flags)) != 0) {
        ERR_error_string_n(code, text, sizeof(text));
        if (flags & ERR_TXT_STRING)
            log_warning("TLS library problem: %s:%s:%d:%s:", text, file, line, data);
        else
            log_warning("TLS library problem: %s:%s:%d:", text, file, line);
    }
}

/* "1,trace" (since 3.12) also wants a file of each session's messages, which there isn't. */
int tls_log_level(const char *parameter, const char *text)
{
    size_t length = strcspn(text, ", ");

    if (length == 0 || strspn(text, "0123456789") != length) {
        log_warning("unknown %s value \"%s\" in \"%s\"", parameter, text, text);
        return 0;
    }
    return length > 1 || *text > '4' ? 4 : *text - '0';
}

static bool waits(const SSL *ssl, int result)
{
    int reason = SSL_get_error(ssl, result);

    return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE;
}

static void log_step(const SSL *ssl, int where, int result)
{
    const char *who = "undefined";

    if (where & SSL_ST_CONNECT)
        who = "SSL_connect";
    else if (where & SSL_ST_ACCEPT)
        who = "SSL_accept";
    if (where & SSL_CB_LOOP) {
        log_info("%s:%s", who, SSL_state_string_long(ssl));
    } else if (where & SSL_CB_ALERT) {
        const char *direction = where & SSL_CB_READ ? "read" : "write";
        if ((result & 0xff) != SSL_AD_CLOSE_NOTIFY)
            log_info("SSL3 alert %s:%s:%s", direction, SSL_alert_type_string_long(result),
                SSL_alert_desc_string_long(result));
    } else if (where & SSL_CB_EXIT) {
        if (result == 0)
            log_info("%s:failed in %s", who, SSL_state_string_long(ssl));
        else if (result < 0 && !waits(ssl, result))
            log_info("%s:error in %s", who, SSL_state_string_long(ssl));
    }
}

void tls_log_steps(SSL *ssl)
{
    SSL_set_info_callback(ssl, log_step);
}

static int log_dump_line(const void *text, size_t length, void *context)
{
    const char *line = text;

    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == ' '))
        length--;
    log_info("%.*s", (int)length, line);
    return 1;
}

static long log_transfer(BIO *bio, int operation, const char *bytes, size_t length, int argument, long argument_long,
    int result, size_t *processed)
{
    size_t count = result > 0 && processed != NULL ? *processed : 0;
    bool is_read = operation == (BIO_CB_READ | BIO_CB_RETURN);

    if (!is_read && operation != (BIO_CB_WRITE | BIO_CB_RETURN))
        return result;
    log_info("%s %p [%p] (%zu bytes => %ld (0x%zX))", is_read ? "read from" : "write to", (void *)bio,
        (const void *)bytes,
        length, count > 0 ? (long)count : (long)result, count);
    if (count > 0)
        (void)BIO_dump_cb(log_dump_line, NULL, bytes, (int)count); /* each line was logged */
    return result;
}

void tls_log_bytes(SSL *ssl, bool on)
{
    BIO_set_callback_ex(SSL_get_rbio(ssl), on ? log_transfer : NULL);
}
