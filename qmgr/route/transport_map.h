/* transport_map.h: transport_maps, as transport(5) says: address, domain, parent domains, "*". */
#ifndef QMGR_ROUTE_TRANSPORT_MAP_H
#define QMGR_ROUTE_TRANSPORT_MAP_H
#include "util/config/config.h"
#include "util/table/maps.h"

struct transport_map;

/* Opens the tables: before a worker confines itself. has_changed: one was replaced since. */
struct transport_map *transport_map_open(const struct config *config);
void transport_map_close(struct transport_map *map);
const struct maps *transport_map_tables(const struct transport_map *map);
bool transport_map_has_changed(struct transport_map *map);

/* The entry for a recipient (internal form) replaces *value: "transport:nexthop". *table (may be NULL) says where it stood. */
enum table_result transport_map_find(struct transport_map *map, const char *recipient, struct str *value,
    const char **table);
#endif
