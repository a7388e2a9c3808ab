#include "smtpd/transaction.h"

#include <string.h>

#include "qmgr/intake/milter/milter_list.h"
#include "smtpd/proxy_link.h"

void transaction_start(struct transaction *transaction)
{
    *transaction = (struct transaction){ .arena = arena_new() };
}

void transaction_reset(struct transaction *transaction)
{
    struct arena *arena = transaction->arena;
    struct milter_list *milters = transaction->milters;

    if (transaction->sender != NULL)
        milter_list_abort(milters);
    proxy_link_close(transaction->proxy);
    intake_cancel(transaction->message);
    from_header_reset(&transaction->from_header);
    arena_reset(arena);
    *transaction = (struct transaction){ .arena = arena, .milters = milters };
}

void transaction_stop(struct transaction *transaction)
{
    transaction_reset(transaction);
    arena_free(transaction->arena);
}

void transaction_add_text(struct transaction *transaction, struct transaction_header **list, const char *text)
{
    struct transaction_header *one = arena_allocate(transaction->arena, sizeof(*one));

    one->text = arena_copy_text(transaction->arena, text);
    while (*list != NULL)
        list = &(*list)->next;
    *list = one;
}

void transaction_text(struct transaction *transaction, const char *bytes, size_t length, bool line_end)
{
    if (transaction->proxy != NULL)
        proxy_link_text(transaction->proxy, bytes, length, line_end);
    else
        intake_text(transaction->message, bytes, length, line_end);
}

void transaction_line(struct transaction *transaction, const char *line)
{
    transaction_text(transaction, line, strlen(line), true);
}
