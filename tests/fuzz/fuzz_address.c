/* fuzz_address.c: addresses, alias lines, networks and inline tables from any bytes: nothing may break, and what was quoted is
 * undone by unquoting. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"
#include "util/config/config.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/rewrite.h"
#include "util/net/ip_address.h"
#include "util/table/table.h"
#include "util/tool/alias_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const struct config *configuration(void)
{
    static struct config *config;
    struct str why = {0};

    if (config == NULL && !config_from_text("myhostname = mail.example\nmydomain = example\nappend_dot_mydomain = yes\n"
            "remote_header_rewrite_domain = remote.invalid\n", NULL, 0, NULL, &config, &why))
        abort();
    str_free(&why);
    return config;
}

static void try_address(const char *text)
{
    struct str external = {0};
    struct str internal = {0};
    struct str again = {0};

    address_quote(text, &external); /* of a domain nothing is quoted */
    const char *domain = text + address_local_length(text);
    bool plain = domain[strcspn(domain, "\"\\")] == '\0';
    if (*text != '\0' && plain && (!address_unquote(str_text(&external), &again) || strcmp(str_text(&again), text) != 0))
        abort();
    if (address_unquote(text, &internal)) {
        rewrite_address(configuration(), REWRITE_LOCAL, str_text(&internal), &again);
        rewrite_address(configuration(), REWRITE_REMOTE, str_text(&internal), &again);
    }
    if (address_user_length(text, address_local_length(text), "+-", true) > strlen(text))
        abort();
    str_clear(&again);
    address_fold(text, true, &again);
    str_free(&external);
    str_free(&internal);
    str_free(&again);
}

static void try_alias_and_network(const char *text)
{
    struct str name = {0};
    struct str value = {0};
    const char *why;
    struct ip_network network;
    struct ip_address address;

    (void)alias_line_parse(text, &name, &value, &why);
    (void)ip_network_parse(text, &network, &value);
    (void)ip_address_parse_literal(text, &address);
    str_free(&name);
    str_free(&value);
}

static void try_table(const char *type, const char *text)
{
    struct str name = {0};
    struct str value = {0};

    str_printf(&name, "%s:{%s}", type, text);
    struct table *table = table_open(NULL, str_text(&name), TABLE_FOLD | TABLE_QUIET);
    (void)table_find(table, "192.0.2.1", &value);
    table_close(table);
    str_free(&name);
    str_free(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static int null = -1;
    char *text = input_text(bytes, length);

    if (null < 0) {
        null = open("/dev/null", O_WRONLY);
        log_to_fd(null);
    }
    try_address(text);
    try_alias_and_network(text);
    try_table("inline", text);
    try_table("cidr", text);
    try_table("regexp", text);
    free(text);
    return 0;
}
