/* conversation.h: a client's connection from the greeting to the goodbye (RFC 5321). */
#ifndef SMTPD_CONVERSATION_H
#define SMTPD_CONVERSATION_H
#include <sys/socket.h>

#include "smtpd/session.h"

/* Serves the client. Takes the descriptor and closes it. */
void conversation_run(struct service *service, int fd, const struct sockaddr *peer, socklen_t peer_length);
#endif
