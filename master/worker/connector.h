/* connector.h: how a process of the network user reaches sockets in private/, which it can't enter. It sends the
 * path, and one end of a pair for the answer, to the connector (a process of mail_owner), which connects if the configuration
 * names that path, and answers with an errno and the descriptor. A process in a chroot also asks it about users and groups:
 * "unix:passwd.byname" and a name; the answer is an errno (ENOENT: there is none) and the entry. */
#ifndef MASTER_WORKER_CONNECTOR_H
#define MASTER_WORKER_CONNECTOR_H
#include <stdint.h>

#include "util/table/table.h"

enum { CONNECTOR_PATH_BYTES = 108, CONNECTOR_KEY_BYTES = 128, CONNECTOR_ENTRY_BYTES = 4096 };

/* The request, with one end of a socket pair as descriptor; the answer is an int (errno) with the connected descriptor. */
struct connector_request {
    char path[CONNECTOR_PATH_BYTES]; /* below queue_directory: "private/auth"; ends in a zero byte */
    char key[CONNECTOR_KEY_BYTES];   /* of a user or group, then path is a table; as above */
};
struct connector_answer {
    int error;
    char entry[CONNECTOR_ENTRY_BYTES]; /* as above; only as much of it is sent as there is */
};

/* Client side: from now on connector_connect asks at that descriptor; queue_directory is taken off the front of paths. Both
 * are kept in the one static of connector.c, since a table or a filter deep inside connects without knowing its worker. */
void connector_use(int connector, const char *queue_directory);
/* A connected descriptor or -1 with errno; it fits fd_set_connector (util/io/fd.h). */
int connector_connect(const char *path, int timeout_ms);
/* Looks a user or group up outside of the chroot: fits table_simple_ask_users_by (util/table/table_simple.h). */
enum table_result connector_find_user(const char *table, const char *key, struct str *value);

/* The same in two steps for those who can't wait: a descriptor that becomes readable when the answer is there (-1 with errno);
 * then the answer, which closes that descriptor: a connected one, or -1 with errno (EAGAIN: the other side is too busy now). */
int connector_ask(const char *path);
int connector_take(int reply);
#endif
