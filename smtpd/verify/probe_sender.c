#include "smtpd/verify/probe_sender.h"

#include <string.h>
#include <strings.h>

#include "util/base/text.h"
#include "util/mail/address.h"

static const char digits[] = "0123456789BCDFGHJKLMNPQRSTVWXYZ";
enum { BASE = sizeof(digits) - 1, DIGITS_MAX = 16 };

static bool is_null(const char *sender)
{
    return *sender == '\0' || text_equal(sender, "<>");
}

static void put_number(uint64_t number, struct str *out)
{
    char reversed[DIGITS_MAX];
    size_t length = 0;

    do {
        reversed[length++] = digits[number % BASE];
        number /= BASE;
    } while (number > 0 && length < sizeof(reversed));
    while (length > 0)
        str_put_char(out, reversed[--length]);
}

/* infix: what stands behind the local part. */
static void put(const struct config *config, const char *infix, struct str *out)
{
    const char *sender = config->address_verify_sender;
    const char *domain = address_domain(sender);
    size_t local = domain == NULL ? strlen(sender) : address_local_length(sender);

    if (is_null(sender))
        return;
    str_put_bytes(out, sender, local);
    str_printf(out, "%s@%s", infix, domain == NULL ? config->myorigin : domain);
}

static void put_at(const struct config *config, int64_t now_s, struct str *out)
{
    struct str infix = {0};

    if (config->address_verify_sender_ttl > 0 && now_s > 0)
        put_number((uint64_t)(now_s / config->address_verify_sender_ttl), &infix);
    put(config, str_text(&infix), out);
    str_free(&infix);
}

void probe_sender_put(const struct config *config, int64_t now_s, struct str *out)
{
    put_at(config, now_s, out);
}

void probe_sender_put_plain(const struct config *config, struct str *out)
{
    put(config, "", out);
}

/* Local parts may differ in case; what changes may not. */
static bool is_same(const struct config *config, const char *address, const char *sender)
{
    size_t length = strlen(sender);
    size_t fixed = strcspn(config->address_verify_sender, "@");

    if (strlen(address) != length || strncasecmp(address, sender, fixed) != 0)
        return false;
    size_t local = address_local_length(sender);
    return memcmp(address + fixed, sender + fixed, local - fixed) == 0 && text_equal_nocase(address + local, sender + local);
}

bool probe_sender_is(const struct config *config, const char *address, int64_t now_s)
{
    int64_t ttl_s = config->address_verify_sender_ttl;
    struct str sender = {0};
    bool found = false;

    if (is_null(config->address_verify_sender))
        return false;
    for (int64_t at = now_s - ttl_s; !found && at <= now_s + ttl_s; at += ttl_s > 0 ? ttl_s : 1) {
        str_clear(&sender);
        put_at(config, at, &sender);
        found = is_same(config, address, str_text(&sender));
    }
    str_free(&sender);
    return found;
}
