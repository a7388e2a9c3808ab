#include "delivery/smtp/smtp_checks.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/header.h"
#include "util/table/maps.h"

struct smtp_checks {
    struct maps *maps[SMTP_CHECK_KINDS];
    const char *titles[SMTP_CHECK_KINDS];
};

static const char *const titles[2][SMTP_CHECK_KINDS] = {
    { "smtp_header_checks", "smtp_mime_header_checks", "smtp_nested_header_checks", "smtp_body_checks" },
    { "lmtp_header_checks", "lmtp_mime_header_checks", "lmtp_nested_header_checks", "lmtp_body_checks" },
};

struct smtp_checks *smtp_checks_open(const struct config *config, bool lmtp)
{
    const char *const lists[SMTP_CHECK_KINDS] = { config->smtp_header_checks, config->smtp_mime_header_checks,
        config->smtp_nested_header_checks, config->smtp_body_checks };
    struct smtp_checks *checks = memory_new(struct smtp_checks);

    for (size_t i = 0; i < SMTP_CHECK_KINDS; i++) {
        checks->titles[i] = titles[lmtp ? 1 : 0][i];
        checks->maps[i] = maps_open(config, checks->titles[i], lists[i], 0);
    }
    return checks;
}

void smtp_checks_close(struct smtp_checks *checks)
{
    for (size_t i = 0; checks != NULL && i < SMTP_CHECK_KINDS; i++)
        maps_close(checks->maps[i]);
    free(checks);
}

bool smtp_checks_are_empty(const struct smtp_checks *checks)
{
    for (size_t i = 0; i < SMTP_CHECK_KINDS; i++) {
        if (!maps_is_empty(checks->maps[i]))
            return false;
    }
    return true;
}

/* --- actions --- */

struct hit {
    const char *title;
    const char *queue_id;
    const char *what; /* "header" or "body" */
    const char *line;
    const char *argument;
};

static void log_hit(const struct hit *hit, const char *action)
{
    log_info("%s: %s: %s %.60s%s%s", hit->queue_id, action, hit->what, hit->line, *hit->argument == '\0' ? "" : ": ",
        hit->argument);
}

static enum smtp_check_outcome pass(const struct hit *hit, struct str *text)
{
    return SMTP_CHECK_PASS;
}

static enum smtp_check_outcome ignore(const struct hit *hit, struct str *text)
{
    return SMTP_CHECK_DROP;
}

static enum smtp_check_outcome strip(const struct hit *hit, struct str *text)
{
    log_hit(hit, "strip");
    return SMTP_CHECK_DROP;
}

static enum smtp_check_outcome info(const struct hit *hit, struct str *text)
{
    log_hit(hit, "info");
    return SMTP_CHECK_PASS;
}

static enum smtp_check_outcome warn(const struct hit *hit, struct str *text)
{
    log_hit(hit, "warning");
    return SMTP_CHECK_PASS;
}

static bool is_field(const char *text)
{
    size_t value;

    return header_name_length(text, strlen(text), &value) > 0;
}

static enum smtp_check_outcome put_text(const struct hit *hit, const char *verb, const char *action,
    enum smtp_check_outcome outcome, struct str *text)
{
    bool header = text_equal(hit->what, "header");

    if (*hit->argument == '\0') {
        log_warning("%s action without text in %s map", verb, hit->title);
        return SMTP_CHECK_PASS;
    }
    if (header && !is_field(hit->argument)) {
        log_warning("bad %s header text \"%s\" in %s map -- need \"headername: headervalue\"", verb, hit->argument, hit->title);
        return SMTP_CHECK_PASS;
    }
    log_hit(hit, action);
    str_set(text, hit->argument);
    return outcome;
}

static enum smtp_check_outcome replace(const struct hit *hit, struct str *text)
{
    return put_text(hit, "REPLACE", "replace", SMTP_CHECK_REPLACE, text);
}

static enum smtp_check_outcome prepend(const struct hit *hit, struct str *text)
{
    return put_text(hit, "PREPEND", "prepend", SMTP_CHECK_PREPEND, text);
}

static const struct {
    const char *name;
    enum smtp_check_outcome (*run)(const struct hit *hit, struct str *text);
} actions[] = {
    { "DUNNO", pass }, { "OK", pass },   { "IGNORE", ignore },   { "STRIP", strip },
    { "INFO", info },  { "WARN", warn }, { "REPLACE", replace }, { "PREPEND", prepend },
};

static enum smtp_check_outcome act(struct hit *hit, const char *result, struct str *text)
{
    size_t length = strcspn(result, " \t");

    hit->argument = result + length + strspn(result + length, " \t");
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        if (strlen(actions[i].name) == length && strncasecmp(actions[i].name, result, length) == 0)
            return actions[i].run(hit, text);
    }
    log_warning("unsupported command in %s map: %s", hit->title, result);
    return SMTP_CHECK_PASS;
}

enum smtp_check_outcome smtp_checks_apply(struct smtp_checks *checks, enum smtp_check_kind kind, const char *queue_id,
    const char *line, struct str *text)
{
    struct str result = {0};
    struct hit hit = {
        .title = checks->titles[kind],
        .queue_id = queue_id,
        .what = kind == SMTP_CHECK_BODY ? "body" : "header",
        .line = line,
    };
    enum smtp_check_outcome outcome = SMTP_CHECK_PASS;

    switch (maps_is_empty(checks->maps[kind]) ? TABLE_ABSENT : maps_find(checks->maps[kind], line, &result, NULL)) {
    case TABLE_FOUND:
        outcome = act(&hit, str_text(&result), text);
        break;
    case TABLE_ABSENT:
        break;
    case TABLE_FAILED:
        log_warning("%s: smtp %s checks lookup error", queue_id, hit.what);
        outcome = SMTP_CHECK_FAILED;
        break;
    }
    str_free(&result);
    return outcome;
}
