/* seen.h: whom one recipient's expansion led to already, so that nobody gets the message twice. */
#ifndef LOCAL_EXPAND_SEEN_H
#define LOCAL_EXPAND_SEEN_H
#include <stdbool.h>
#include <stddef.h>

struct seen;

/* limit: how many are remembered (duplicate_filter_limit); 0: all. */
struct seen *seen_new(size_t limit);
void seen_free(struct seen *seen);
/* Whether the text is new (ASCII case doesn't matter); remembers it. */
bool seen_first(struct seen *seen, const char *kind, const char *text);
#endif
