#include "qmgr/bounce/template.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qmgr/bounce/template_expand.h"
#include "qmgr/bounce/template_parse.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum { FILE_BYTES_MAX = 1 << 18 };

static const struct template_set built_in = { {
    [TEMPLATE_FAILURE] = {
        .name = "failure_template", .origin = "[built-in]",
        .charset = "us-ascii", .from = "MAILER-DAEMON (Mail Delivery System)",
        .subject = "Undelivered Mail Returned to Sender", .postmaster_subject = "Postmaster Copy: Undelivered Mail",
        .text = "The mail server $myhostname could not deliver your message to everybody it\n"
                "was meant for. It has stopped trying. Below you find for whom and why, and\n"
                "then the message itself.\n\n"
                "If the reason doesn't help, ask postmaster at $myhostname, and include\n"
                "this report; your own text may be left out.\n",
    },
    [TEMPLATE_DELAY] = {
        .name = "delay_template", .origin = "[built-in]",
        .charset = "us-ascii", .from = "MAILER-DAEMON (Mail Delivery System)",
        .subject = "Delayed Mail (still being retried)", .postmaster_subject = "Postmaster Warning: Delayed Mail",
        .text = "This is only a warning: you need not send your message again.\n\n"
                "The mail server $myhostname has not been able to deliver it for\n"
                "$delay_warning_time_hours hour(s), and goes on trying until it is\n"
                "$maximal_queue_lifetime_days day(s) old. Below you find for whom and why.\n",
    },
    [TEMPLATE_SUCCESS] = {
        .name = "success_template", .origin = "[built-in]",
        .charset = "us-ascii", .from = "MAILER-DAEMON (Mail Delivery System)",
        .subject = "Successful Mail Delivery Report",
        .text = "The mail server $myhostname has delivered your message to the recipients\n"
                "below, as you asked to be told. Where it was passed on to another server, that\n"
                "one may report what happened later, or not.\n",
    },
    [TEMPLATE_VERIFY] = {
        .name = "verify_template", .origin = "[built-in]",
        .charset = "us-ascii", .from = "MAILER-DAEMON (Mail Delivery System)",
        .subject = "Mail Delivery Status Report",
        .text = "The mail server $myhostname reports on the recipients that you asked about.\n",
    },
} };

bool template_load(const struct config *config, struct arena *arena, struct template_set *set)
{
    struct str why = {0};

    *set = built_in;
    bool good = *config->bounce_template_file == '\0' || template_load_file(config->bounce_template_file, arena, set, &why);
    if (!good)
        log_warning("%s", str_text(&why));
    str_free(&why);
    return good;
}

bool template_load_file(const char *path, struct arena *arena, struct template_set *set, struct str *why)
{
    struct stat status;

    *set = built_in;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        str_printf(why, "open %s: %s", path, strerror(errno));
        fd_close(&fd);
        return false;
    }
    size_t size = status.st_size > FILE_BYTES_MAX ? FILE_BYTES_MAX : (size_t)status.st_size;
    char *text = arena_allocate(arena, size + 1);
    ssize_t count = fd_pread_all(fd, text, size, 0);
    fd_close(&fd);
    if (count < 0) {
        str_printf(why, "read %s: %s", path, strerror(errno));
        return false;
    }
    return template_parse(path, text, arena, set, why);
}

const char *template_from(const struct config *config, const struct template *template)
{
    if (!template->own_from && text_equal_nocase(config->header_from_format, "standard"))
        return "Mail Delivery System <MAILER-DAEMON>";
    return template->from;
}

static void dump_one(const struct config *config, const struct template *template, bool expanded)
{
    struct str text = {0};
    struct str why = {0};

    if (expanded) {
        if (!template_expand(config, template, &text, &why))
            log_fatal("%s", str_text(&why));
        printf("expanded_%.*s_text = <<EOF\n", (int)strcspn(template->name, "_"), template->name);
    } else {
        str_put(&text, template->text);
        printf("%s = <<EOF\nCharset: %s\nFrom: %s\nSubject: %s\n", template->name, template->charset,
            template_from(config, template), template->subject);
        if (template->postmaster_subject != NULL)
            printf("Postmaster-Subject: %s\n", template->postmaster_subject);
        putchar('\n');
    }
    printf("%sEOF\n", str_text(&text));
    str_free(&text);
    str_free(&why);
}

void template_dump(const struct config *config, const struct template_set *set, bool expanded)
{
    for (size_t i = 0; i < TEMPLATE_KINDS; i++) {
        if (i > 0)
            putchar('\n');
        dump_one(config, &set->templates[i], expanded);
    }
}
