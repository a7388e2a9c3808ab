/* smtp_generic.h: smtp_generic_maps (generic(5)): other addresses for ours in mail that leaves. */
#ifndef DELIVERY_SMTP_GENERIC_H
#define DELIVERY_SMTP_GENERIC_H
#include <stdbool.h>

#include "util/base/str.h"
#include "util/config/config.h"
#include "util/table/table.h"

struct smtp_generic;

/* Opens smtp_generic_maps: before the worker confines itself. Empty: addresses stay as they are. */
struct smtp_generic *smtp_generic_open(const struct config *config, bool lmtp);
void smtp_generic_close(struct smtp_generic *generic);
bool smtp_generic_is_empty(const struct smtp_generic *generic);

/* The address (internal form) that stands for another; TABLE_FOUND: *out is replaced by it. */
enum table_result smtp_generic_map(struct smtp_generic *generic, const char *address, struct str *out);
/* Maps the addresses of a header field (LF between lines); TABLE_FOUND: *out is replaced by the new field. */
enum table_result smtp_generic_map_field(struct smtp_generic *generic, const char *field, struct str *out);
#endif
