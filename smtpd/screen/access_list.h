/* access_list.h: the permanent access list, postscreen_access_list: permit_mynetworks, permit, reject, dunno, and tables whose
 * results are one of these. */
#ifndef SMTPD_SCREEN_ACCESS_LIST_H
#define SMTPD_SCREEN_ACCESS_LIST_H
#include "util/config/config.h"

struct access_list;

enum access_list_answer { ACCESS_LIST_DUNNO, ACCESS_LIST_PERMIT, ACCESS_LIST_REJECT };

/* Opens the tables: before postscreen confines itself. */
struct access_list *access_list_open(const struct config *config);
void access_list_close(struct access_list *list);
/* Whether a table was replaced since. */
bool access_list_has_changed(struct access_list *list);

/* address: "192.0.2.1". What can't be told counts as dunno, with a warning. */
enum access_list_answer access_list_find(struct access_list *list, const char *address);
#endif
