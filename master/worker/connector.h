/* connector.h: how a process of the network user reaches sockets in private/, which it can't enter. It sends the
 * path, and one end of a pair for the answer, to the connector (a process of mail_owner), which connects if the configuration
 * names that path, and answers with an errno and the descriptor. */
#ifndef MASTER_WORKER_CONNECTOR_H
#define MASTER_WORKER_CONNECTOR_H
#include <stdint.h>

enum { CONNECTOR_PATH_BYTES = 108 };

/* The request, with one end of a socket pair as descriptor; the answer is an int (errno) with the connected descriptor. */
struct connector_request {
    char path[CONNECTOR_PATH_BYTES]; /* below queue_directory: "private/auth"; ends in a zero byte */
};

/* Client side: from now on connector_connect asks at that descriptor; queue_directory is taken off the front of paths. Both
 * are kept in the one static of connector.c, since a table or a filter deep inside connects without knowing its worker. */
void connector_use(int connector, const char *queue_directory);
/* A connected descriptor or -1 with errno; it fits fd_set_connector (util/io/fd.h). */
int connector_connect(const char *path, int timeout_ms);
#endif
