#include "local/deliver/store_maildir.h"

#include <errno.h>

#include "local/deliver/step_mail.h"
#include "local/report.h"
#include "util/log/log.h"

/* What waits for its mail to be durable; lives in the order's arena. */
struct stored {
    struct delivery *delivery;
    struct step step;
    uid_t uid;
    gid_t gid;
};

static void report_stored(const struct stored *stored, int error, const char *why)
{
    struct delivery *delivery = stored->delivery;

    if (error == 0) {
        report(delivery, &stored->step, 250, "2.0.0", "delivered to maildir");
        return;
    }
    if (error == EACCES) {
        log_warning("maildir access problem for UID/GID=%lu/%lu: %s", (unsigned long)stored->uid, (unsigned long)stored->gid,
            why);
        log_warning("perhaps you need to create the maildirs in advance");
    }
    report_error(delivery, &stored->step, error, "maildir delivery failed: ", why);
}

void store_maildir_done(void *owner, int error, const char *why)
{
    const struct stored *stored = owner;
    struct delivery *delivery = stored->delivery;

    report_stored(stored, error, why);
    if (delivery->waits)
        delivery->end(delivery);
}

void store_maildir(struct delivery *delivery, const struct step *step, const char *path, uid_t uid, gid_t gid)
{
    struct maildir_batch *waiting = delivery->local->waiting;
    struct stored *stored = arena_allocate(delivery->order->arena, sizeof(*stored));
    struct mail mail = step_mail(delivery, step);
    struct maildir_order order = {
        .path = path,
        .uid = uid,
        .gid = gid,
        .limit_bytes = delivery->local->config->mailbox_size_limit,
    };

    *stored = (struct stored){ delivery, *step, uid, gid };
    delivery->waits = step->parent == NULL && !delivery->expanded;
    maildir_batch_add(waiting, &order, &mail, stored);
    if (!delivery->waits) /* more follows that depends on it */
        maildir_batch_settle(waiting);
}
