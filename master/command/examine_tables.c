#include "master/command/examine_tables.h"

#include <stdio.h>
#include <string.h>

#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/table/table.h"

/* What routing looks into (qmgr/route). */
static const char *const routing[] = {
    "mydestination", "relay_domains", "relocated_maps", "sender_dependent_default_transport_maps",
    "sender_dependent_relayhost_maps", "transport_maps", "virtual_alias_domains", "virtual_mailbox_domains",
};

static void examine_table(const struct config *config, const char *parameter, const char *type_name)
{
    struct table *table = table_open(config, type_name, TABLE_QUIET);

    if (table_may_wait(table)) {
        log_warning("%s: %s: the queue manager waits for this server: while it is slow, all deliveries are", parameter,
            type_name);
        (void)fprintf(stderr, "%s/main.cf: %s: %s: the queue manager waits for this server: while it is slow, all deliveries are\n",
            config->config_directory, parameter, type_name); /* the log has it, too */
    }
    table_close(table);
}

void examine_tables(const struct config *config)
{
    struct str word = {0};

    for (size_t i = 0; i < COUNT_OF(routing); i++) {
        const char *cursor = config_value(config, routing[i]);
        while (cursor != NULL && brace_next_word(&cursor, TEXT_LIST_SEPARATORS, &word)) {
            const char *table = str_text(&word);
            table += strspn(table, "!");
            if (*table != '/' && strchr(table, ':') != NULL)
                examine_table(config, routing[i], table);
        }
    }
    str_free(&word);
}
