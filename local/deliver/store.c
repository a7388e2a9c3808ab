#include "local/deliver/store.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "local/deliver/biff.h"
#include "local/deliver/step_mail.h"
#include "local/deliver/store_maildir.h"
#include "local/mailbox/mbox.h"
#include "local/report.h"
#include "util/base/text.h"
#include "util/sys/identity.h"

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
    struct mail mail = step_mail(delivery, step);
    struct str why = {0};

    if (in_spool)
        find_folder_rights(local->config->mail_spool_directory, account, &mbox.folder_uid, &mbox.folder_gid);
    int64_t offset = 0;
    report_waiting(delivery);
    if (mbox_deliver(&mail, &mbox, &offset, &why)) {
        report(delivery, step, 250, "2.0.0", "delivered to mailbox");
        if (local->config->biff && in_spool)
            biff_notify(account->name, offset);
    } else {
        int error = errno;
        struct str what = {0};
        str_printf(&what, "cannot update mailbox %s for user %s. ", path, account->name);
        report_error(delivery, step, error, str_text(&what), str_text(&why));
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
        store_maildir(delivery, step, str_text(&path), account->uid, account->gid);
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
    struct mail mail = step_mail(delivery, step);
    struct str why = {0};

    if (!(local->files_from & step->source)) {
        report(delivery, step, 550, "5.7.1", "mail to file is restricted");
    } else if (delivery->verify) {
        report(delivery, step, 250, "2.0.0", "delivers to file: %s", path);
    } else if (text_ends_with(path, "/")) {
        store_maildir(delivery, step, path, step->uid, step->gid);
    } else if (report_waiting(delivery), mbox_deliver(&mail, &mbox, NULL, &why)) {
        report(delivery, step, 250, "2.0.0", "delivered to file: %s", path);
    } else {
        int error = errno;
        struct str what = {0};
        str_printf(&what, "cannot append message to file %s: ", path);
        report_error(delivery, step, error, str_text(&what), str_text(&why));
        str_free(&what);
    }
    str_free(&why);
}
