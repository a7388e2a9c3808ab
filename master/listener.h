/* listener.h: the sockets of services. A listener is known by its key ("inet 127.0.0.1 25", "unix private/smtp"), so that a
 * reload keeps those that stay as they are. */
#ifndef MASTER_LISTENER_H
#define MASTER_LISTENER_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"
#include "util/config/config.h"
#include "util/config/master_cf.h"

struct listener {
    char *key;
    char *path; /* of a Unix socket, below queue_directory; NULL: inet, or a socket without a name */
    int fd;     /* -1 while only planned */
};
struct listener_list {
    struct listener *items;
    size_t count;
};

/* What an entry of master.cf asks for; opens nothing. False: *why. */
bool listener_plan(const struct config *config, const struct master_cf_entry *entry, struct listener_list *list,
    struct str *why);
/* Opens a planned one. False: *why is one line in Postfix's words. */
bool listener_open(const struct config *config, const struct master_cf_entry *entry, struct listener *listener,
    struct str *why);
/* Takes what is open there in older under the same key. */
void listener_adopt(struct listener *listener, struct listener_list *older);
/* Closes, also for workers that still have a client: their ports are free at once. Removes the names of Unix sockets if remove is
 * set. */
void listener_list_free(struct listener_list *list, bool remove);
#endif
