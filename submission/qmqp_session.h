/* qmqp_session.h: one client of the QMQP server, which hands over one message. */
#ifndef SUBMISSION_QMQP_SESSION_H
#define SUBMISSION_QMQP_SESSION_H
#include <sys/socket.h>

#include "qmgr/intake/intake.h"
#include "util/config/config.h"
#include "util/table/match_list.h"

struct qmqp_service {
    const struct config *config;
    struct intake *intake;
    struct match_list *clients;     /* qmqpd_authorized_clients */
    struct match_list *debug_peers; /* debug_peer_list */
};

/* Takes the descriptor and closes it. */
void qmqp_session_run(struct qmqp_service *service, int fd, const struct sockaddr *peer, socklen_t length);
#endif
