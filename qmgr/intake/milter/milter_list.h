/* milter_list.h: the mail filters of one SMTP session, in their order: what one lets pass the next one sees. */
#ifndef QMGR_INTAKE_MILTER_MILTER_LIST_H
#define QMGR_INTAKE_MILTER_MILTER_LIST_H
#include <stddef.h>

#include "qmgr/intake/milter/milter.h"
#include "util/config/config.h"

struct milter_list;

/* endpoints: as in smtpd_milters. Connects to all of them. NULL: there are none. */
struct milter_list *milter_list_open(const struct config *config, const char *endpoints, const struct milter_macros *macros);
/* Says goodbye; NULL is allowed, here and below (there is nothing to decide then). */
void milter_list_close(struct milter_list *list);

/* name: "unknown" becomes "[address]". */
struct milter_decision milter_list_connect(struct milter_list *list, const char *name, const char *address, const char *port);
struct milter_decision milter_list_helo(struct milter_list *list, const char *name);
/* words: the address as the client wrote it, then ESMTP parameters. */
struct milter_decision milter_list_mail(struct milter_list *list, const char *const *words, size_t count);
struct milter_decision milter_list_rcpt(struct milter_list *list, const char *const *words, size_t count);
/* A recipient that was refused already, for filters that want to know. */
void milter_list_refused_rcpt(struct milter_list *list, const char *const *words, size_t count);
struct milter_decision milter_list_data(struct milter_list *list);
struct milter_decision milter_list_unknown(struct milter_list *list, const char *verb);
void milter_list_abort(struct milter_list *list);

/* For the content: each filter by itself. NULL behind the last. */
struct milter *milter_list_get(struct milter_list *list, size_t index);
const struct milter_macros *milter_list_macros(const struct milter_list *list);
#endif
