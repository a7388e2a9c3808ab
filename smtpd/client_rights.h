/* client_rights.h: what tables and lists of clients say of this one: what EHLO offers, who may speak for others, whose
 * newlines count. */
#ifndef SMTPD_CLIENT_RIGHTS_H
#define SMTPD_CLIENT_RIGHTS_H
#include "smtpd/session.h"

/* Fills in what depends on session->client; again when XCLIENT says that it is another one. */
void client_rights_find(struct session *session);
/* Those of the connection itself, which XCLIENT doesn't change. */
void client_rights_find_lasting(struct session *session);
#endif
