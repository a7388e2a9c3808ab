#include "qmgr/route/transport_map.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/mail/address.h"
#include "util/mail/address_find.h"

enum { WILDCARD_KEPT_S = 30 };

struct transport_map {
    struct maps *maps;
    struct str wildcard; /* what "*" gave; empty: nothing */
    const char *wildcard_table;
    int64_t wildcard_deadline; /* 0: it wasn't asked for */
    const struct config *config;
    bool parent_matches; /* "example.com" stands for its subdomains, too; else ".example.com" does */
};

struct transport_map *transport_map_open(const struct config *config)
{
    struct transport_map *map = memory_new(struct transport_map);

    map->config = config;
    map->maps = maps_open(config, "transport_maps", config->transport_maps,
        TABLE_FOLD | TABLE_NO_SUBSTITUTION | (config->smtputf8_enable ? TABLE_UTF8 : 0));
    map->parent_matches = text_list_has(config->parent_domain_matches_subdomains, "transport_maps");
    return map;
}

void transport_map_close(struct transport_map *map)
{
    if (map == NULL)
        return;
    maps_close(map->maps);
    str_free(&map->wildcard);
    free(map);
}

const struct maps *transport_map_tables(const struct transport_map *map)
{
    return map->maps;
}

bool transport_map_has_changed(struct transport_map *map)
{
    return maps_have_changed(map->maps);
}

/* The domain itself, then each parent. Pattern tables saw the whole address and aren't asked for pieces of it. */
static enum table_result find_domain(struct transport_map *map, const char *domain, struct str *value,
    const char **table)
{
    enum table_result result = maps_find_fixed(map->maps, domain, value, table);

    while (result == TABLE_ABSENT && (domain = strchr(domain + 1, '.')) != NULL)
        result = maps_find_fixed(map->maps, map->parent_matches ? domain + 1 : domain, value, table);
    return result;
}

/* The entry for everybody else. Servers and pattern tables are asked for it, too, so it is kept for a while; a failure isn't. */
static enum table_result find_wildcard(struct transport_map *map, struct str *value, const char **table)
{
    if (map->wildcard_deadline == 0 || clock_left_ms(map->wildcard_deadline) == 0) {
        enum table_result result = maps_find(map->maps, "*", &map->wildcard, &map->wildcard_table);
        map->wildcard_deadline = result == TABLE_FAILED ? 0 : clock_deadline_s(WILDCARD_KEPT_S);
        if (result != TABLE_FOUND)
            str_clear(&map->wildcard);
        if (result == TABLE_FAILED)
            return result;
    }
    if (map->wildcard.length == 0)
        return TABLE_ABSENT;
    str_set(value, str_text(&map->wildcard));
    if (table != NULL)
        *table = map->wildcard_table;
    return TABLE_FOUND;
}

enum table_result transport_map_find(struct transport_map *map, const char *recipient, struct str *value,
    const char **table)
{
    const struct config *config = map->config;
    struct address_find find = {
        .maps = map->maps,
        .delimiters = config->recipient_delimiter,
        .owner_special = config->owner_request_special,
        .forms = FIND_FULL | FIND_NO_EXTENSION,
    };

    if (maps_is_empty(map->maps))
        return TABLE_ABSENT;
    enum table_result result = address_find(&find, recipient, value, NULL, table);
    const char *domain = address_domain(recipient);
    if (result == TABLE_ABSENT && domain != NULL && *domain != '\0')
        result = find_domain(map, domain, value, table);
    return result == TABLE_ABSENT ? find_wildcard(map, value, table) : result;
}
