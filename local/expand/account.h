/* account.h: local users, as the system knows them. */
#ifndef LOCAL_EXPAND_ACCOUNT_H
#define LOCAL_EXPAND_ACCOUNT_H
#include "local/delivery.h"

/* TABLE_FAILED: the system can't say now. Texts live in the arena. */
enum table_result account_find(const char *name, struct arena *arena, const struct account **account);
#endif
