#include "local/deliver/store.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "local/deliver/biff.h"
#include "local/mailbox/maildir.h"
#include "local/mailbox/mbox.h"
#include "local/report.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/sys/identity.h"

static struct mail make_mail(const struct delivery *delivery, const struct step *step)
{
    const struct local *local = delivery->local;

    return (struct mail){
        .order = delivery->order,
        .sender = step->sender,
        .original = local->config->enable_original_recipient ? step->recipient.original : "",
        .delivered_to = (local->prepend & PREPEND_FILE) ? step->delivered_to : "",
    };
}

/* What the machine lacks for a moment, or the file's lock, can be had later; what the recipient did with the place can't. */
static void classify(int error, const char **status, int *code)
{
    *code = 450;
    switch (error) {
    case EFBIG:
    case EDQUOT:
        *code = 550;
        *status = "5.2.2";
        return;
    case ENOSPC:
    case EILSEQ:
    case EIO:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        *status = "4.3.0";
        return;
    case EAGAIN:
    case EINTR:
    case ESTALE:
    case EROFS:
        *status = "4.2.0";
        return;
    default:
        *code = 550;
        *status = "5.2.0";
    }
}

static void report_failure(struct delivery *delivery, const struct step *step, int error, const char *what, const char *why)
{
    const char *status;
    int code;

    if (error == EILSEQ)
        log_warning("%s: queue file can't be read", delivery->order->queue_id);
    classify(error, &status, &code);
    report(delivery, step, code, status, "%s%s", what, why);
}

/* --- maildir --- */

static void warn_of_access(uid_t uid, gid_t gid, int error, const char *why)
{
    if (error != EACCES)
        return;
    log_warning("maildir access problem for UID/GID=%lu/%lu: %s", (unsigned long)uid, (unsigned long)gid, why);
    log_warning("perhaps you need to create the maildirs in advance");
}

static void store_in_maildir(struct delivery *delivery, const struct step *step, const char *path, uid_t uid, gid_t gid)
{
    const struct config *config = delivery->local->config;
    struct mail mail = make_mail(delivery, step);
    struct str why = {0};
    bool good = identity_become(uid, gid);

    if (!good)
        str_printf(&why, "create maildir file %s: %s", path, strerror(errno));
    good = good && maildir_deliver(&mail, path, config->mailbox_size_limit, &why);
    int error = errno;
    identity_back();
    if (good) {
        report(delivery, step, 250, "2.0.0", "delivered to maildir");
    } else {
        warn_of_access(uid, gid, error, str_text(&why));
        report_failure(delivery, step, error, "maildir delivery failed: ", str_text(&why));
    }
    str_free(&why);
}

/* --- mbox --- */

/* As whom a mailbox is locked and made: the user where everybody may write into the folder, the user with the folder's group where
 * that may, or root. */
static void find_folder_rights(const char *folder, const struct account *account, uid_t *uid, gid_t *gid)
{
    struct stat status;
    bool known = stat(folder, &status) == 0;

    *uid = account->uid;
    *gid = account->gid;
    if (!identity_is_privileged() || (known && (status.st_mode & S_IWOTH)))
        return;
    if (known && (status.st_mode & S_IWGRP))
        *gid = status.st_gid;
    else
        *uid = 0;
}

static void store_in_mbox(struct delivery *delivery, const struct step *step, const char *path, bool in_spool)
{
    const struct local *local = delivery->local;
    const struct account *account = step->account;
    struct mbox mbox = {
        .path = path,
        .uid = account->uid,
        .gid = account->gid,
        .folder_uid = account->uid,
        .folder_gid = account->gid,
        .strict_owner = local->config->strict_mailbox_ownership,
        .limit_bytes = local->config->mailbox_size_limit,
        .lock = local->lock,
    };
    struct mail mail = make_mail(delivery, step);
    struct str why = {0};

    if (in_spool)
        find_folder_rights(local->config->mail_spool_directory, account, &mbox.folder_uid, &mbox.folder_gid);
    int64_t offset = 0;
    if (mbox_deliver(&mail, &mbox, &offset, &why)) {
        report(delivery, step, 250, "2.0.0", "delivered to mailbox");
        if (local->config->biff && in_spool)
            biff_notify(account->name, offset);
    } else {
        int error = errno;
        struct str what = {0};
        str_printf(&what, "cannot update mailbox %s for user %s. ", path, account->name);
        report_failure(delivery, step, error, str_text(&what), str_text(&why));
        str_free(&what);
    }
    str_free(&why);
}

void store_in_mailbox(struct delivery *delivery, const struct step *step)
{
    const struct config *config = delivery->local->config;
    const struct account *account = step->account;
    struct str path = {0};
    bool in_spool = *config->home_mailbox == '\0';

    if (in_spool && text_ends_with(config->mail_spool_directory, "/"))
        str_printf(&path, "%s%s/", config->mail_spool_directory, account->name);
    else if (in_spool)
        str_printf(&path, "%s/%s", config->mail_spool_directory, account->name);
    else
        str_printf(&path, "%s/%s", account->home, config->home_mailbox);
    bool maildir = text_ends_with(str_text(&path), "/");
    if (delivery->verify)
        report(delivery, step, 250, "2.0.0", maildir ? "delivers to maildir" : "delivers to mailbox");
    else if (maildir)
        store_in_maildir(delivery, step, str_text(&path), account->uid, account->gid);
    else
        store_in_mbox(delivery, step, str_text(&path), in_spool);
    str_free(&path);
}

/* --- files --- */

void store_in_file(struct delivery *delivery, const struct step *step, const char *path)
{
    const struct local *local = delivery->local;
    struct mbox mbox = {
        .path = path,
        .uid = step->uid,
        .gid = step->gid,
        .folder_uid = step->uid,
        .folder_gid = step->gid,
        .may_lack_dotlock = true,
        .limit_bytes = local->config->mailbox_size_limit,
        .lock = local->lock,
    };
    struct mail mail = make_mail(delivery, step);
    struct str why = {0};

    if (!(local->files_from & step->source)) {
        report(delivery, step, 550, "5.7.1", "mail to file is restricted");
    } else if (delivery->verify) {
        report(delivery, step, 250, "2.0.0", "delivers to file: %s", path);
    } else if (text_ends_with(path, "/")) {
        store_in_maildir(delivery, step, path, step->uid, step->gid);
    } else if (mbox_deliver(&mail, &mbox, NULL, &why)) {
        report(delivery, step, 250, "2.0.0", "delivered to file: %s", path);
    } else {
        int error = errno;
        struct str what = {0};
        str_printf(&what, "cannot append message to file %s: ", path);
        report_failure(delivery, step, error, str_text(&what), str_text(&why));
        str_free(&what);
    }
    str_free(&why);
}
