#include "local/mailbox/maildir_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/sys/identity.h"

struct maildir_batch {
    maildir_batch_done *done;
    char *path;
    uid_t uid;
    gid_t gid;
    size_t count;
    struct maildir_draft drafts[MAILDIR_BATCH_MAX];
    void *owners[MAILDIR_BATCH_MAX];
};

struct maildir_batch *maildir_batch_new(maildir_batch_done *done)
{
    struct maildir_batch *batch = memory_new(struct maildir_batch);

    batch->done = done;
    return batch;
}

void maildir_batch_free(struct maildir_batch *batch)
{
    free(batch->path);
    free(batch);
}

static bool fits(const struct maildir_batch *batch, const struct maildir_order *order)
{
    return batch->count < MAILDIR_BATCH_MAX && batch->uid == order->uid && batch->gid == order->gid
        && text_equal(batch->path, order->path);
}

static void take_place(struct maildir_batch *batch, const struct maildir_order *order)
{
    free(batch->path);
    batch->path = memory_copy_text(order->path);
    batch->uid = order->uid;
    batch->gid = order->gid;
}

static void refuse(const struct maildir_batch *batch, struct maildir_draft *draft, int error)
{
    draft->error = error;
    str_printf(&draft->why, "create maildir file %s: %s", batch->path, strerror(error));
}

void maildir_batch_add(struct maildir_batch *batch, const struct maildir_order *order, const struct mail *mail, void *owner)
{
    if (batch->count > 0 && !fits(batch, order))
        maildir_batch_settle(batch);
    if (batch->count == 0)
        take_place(batch, order);
    struct maildir_draft *draft = &batch->drafts[batch->count];
    *draft = (struct maildir_draft){ .fd = -1 };
    if (!identity_become(order->uid, order->gid))
        refuse(batch, draft, errno);
    else
        (void)maildir_write(mail, order->path, order->limit_bytes, draft); /* the draft knows */
    identity_back();
    batch->owners[batch->count++] = owner;
    if (draft->error != 0)
        maildir_batch_settle(batch);
}

static void deliver(struct maildir_batch *batch)
{
    bool good = identity_become(batch->uid, batch->gid);
    int error = errno;

    for (size_t i = 0; !good && i < batch->count; i++) {
        if (batch->drafts[i].error == 0)
            refuse(batch, &batch->drafts[i], error);
    }
    maildir_deliver(batch->path, batch->drafts, batch->count);
    identity_back();
}

void maildir_batch_settle(struct maildir_batch *batch)
{
    size_t count = batch->count;

    if (count == 0)
        return;
    deliver(batch);
    batch->count = 0; /* whoever is told may come here again */
    for (size_t i = 0; i < count; i++) {
        struct maildir_draft *draft = &batch->drafts[i];
        batch->done(batch->owners[i], draft->error, str_text(&draft->why));
        maildir_release(draft);
    }
}
