/* config_dictionary.h: the texts behind a configuration: what main.cf and overrides set, and the defaults. For this room,
 * master's checks and postconf; everybody else uses config.h. */
#ifndef UTIL_CONFIG_CONFIG_DICTIONARY_H
#define UTIL_CONFIG_CONFIG_DICTIONARY_H
#include <stdbool.h>

#include "util/base/arena.h"
#include "util/base/str.h"
#include "util/config/parameter.h"

struct config_dictionary;

/* Where a value came from. */
enum config_origin { CONFIG_DEFAULT, CONFIG_COMPUTED, CONFIG_MAIN_CF, CONFIG_OVERRIDE };

/* Empty: every parameter has its default. */
struct config_dictionary *config_dictionary_new(void);
void config_dictionary_free(struct config_dictionary *dictionary);
/* Lives as long as the dictionary. */
struct arena *config_dictionary_arena(struct config_dictionary *dictionary);

/* The last one counts. A computed value doesn't replace one that somebody set. */
void config_dictionary_set(struct config_dictionary *dictionary, const char *name, const char *value,
    enum config_origin origin, int line);

/* The unexpanded text: set, computed, or default (also of <transport><suffix>); NULL: unknown. */
const char *config_dictionary_raw(const struct config_dictionary *dictionary, const char *name);
const char *config_dictionary_raw_of(const struct config_dictionary *dictionary, const struct parameter *parameter);
enum config_origin config_dictionary_origin(const struct config_dictionary *dictionary, const char *name);
enum config_origin config_dictionary_origin_of(const struct config_dictionary *dictionary,
    const struct parameter *parameter);

/* Appends. False: *why says what is wrong. */
bool config_dictionary_expand(const struct config_dictionary *dictionary, const char *text, struct str *out,
    struct str *why);

/* What was set (not the defaults): known names in the order of their declaration, then others in the order in which they
 * were set first. */
typedef void config_dictionary_visit(void *context, const char *name, const char *value, enum config_origin origin,
    int line);
void config_dictionary_each(const struct config_dictionary *dictionary, config_dictionary_visit *visit, void *context);
#endif
