#include "smtpd/policy/access_key.h"

#include "util/base/fold.h"
#include "util/base/str.h"
#include "util/mail/address.h"

const char *access_key_address(const struct config *config, const struct route *route, struct arena *arena)
{
    struct str quoted = {0};
    struct str folded = {0};

    if (*route->recipient == '@')
        str_put(&quoted, "mailer-daemon"); /* an empty local part has a name */
    address_quote(route->recipient, &quoted);
    if (address_domain(route->recipient) == NULL)
        str_printf(&quoted, "@%s", config->myhostname);
    fold_put(&folded, str_text(&quoted), quoted.length, config->smtputf8_enable);
    const char *key = arena_copy_text(arena, str_text(&folded));
    str_free(&quoted);
    str_free(&folded);
    return key;
}
