#include "qmgr/intake/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/header.h"
#include "util/mail/reason.h"
#include "util/table/maps.h"

struct list {
    const char *name;
    struct maps *maps;
    bool is_shared; /* the maps are those of header_checks */
    bool of_header;
    const char *label; /* what the log puts before an action's name */
};

struct checks {
    struct list lists[CHECKS_LISTS];
    bool has_characters;
    bool strip[256];
    bool reject[256];
};

/* C-style escapes: \a \b \f \n \r \t \v \ooo \\ . */
static void parse_characters(const char *text, bool set[256], bool *any)
{
    static const char letters[] = "abfnrtv";
    static const char values[] = "\a\b\f\n\r\t\v";

    while (*text != '\0') {
        unsigned char c = (unsigned char)*text++;
        const char *letter;
        if (c == '\\' && *text >= '0' && *text <= '7') {
            unsigned value = 0;
            for (int digits = 0; digits < 3 && *text >= '0' && *text <= '7'; digits++)
                value = value * 8 + (unsigned)(*text++ - '0');
            c = (unsigned char)value;
        } else if (c == '\\' && *text != '\0') {
            letter = strchr(letters, *text);
            c = (unsigned char)(letter != NULL ? values[letter - letters] : *text);
            text++;
        }
        set[c] = true;
        *any = true;
    }
}

/* By default the lists for MIME and nested headers are that for headers: the same tables serve them. */
static void open_list(struct checks *checks, enum checks_list which, const char *name, const char *value,
    const struct config *config)
{
    struct list *list = &checks->lists[which];

    *list = (struct list){ .name = name, .of_header = which != CHECKS_BODY,
        .label = which == CHECKS_MILTER_HEADER ? "milter-header-" : "" };
    list->is_shared = list->of_header && which != CHECKS_HEADER && which != CHECKS_MILTER_HEADER && text_equal(value, config->header_checks);
    list->maps = list->is_shared ? checks->lists[CHECKS_HEADER].maps
                                 : maps_open(config, name, value, config->smtputf8_enable ? TABLE_UTF8 : 0u);
}

struct checks *checks_open(const struct config *config)
{
    struct checks *checks = memory_new(struct checks);

    open_list(checks, CHECKS_HEADER, "header_checks", config->header_checks, config);
    open_list(checks, CHECKS_MIME_HEADER, "mime_header_checks", config->mime_header_checks, config);
    open_list(checks, CHECKS_NESTED_HEADER, "nested_header_checks", config->nested_header_checks, config);
    open_list(checks, CHECKS_BODY, "body_checks", config->body_checks, config);
    open_list(checks, CHECKS_MILTER_HEADER, "milter_header_checks", config->milter_header_checks, config);
    parse_characters(config->message_strip_characters, checks->strip, &checks->has_characters);
    parse_characters(config->message_reject_characters, checks->reject, &checks->has_characters);
    return checks;
}

void checks_close(struct checks *checks)
{
    if (checks == NULL)
        return;
    for (int i = 0; i < CHECKS_LISTS; i++) {
        if (!checks->lists[i].is_shared)
            maps_close(checks->lists[i].maps);
    }
    free(checks);
}

bool checks_have_changed(struct checks *checks)
{
    for (int i = 0; i < CHECKS_LISTS; i++) {
        if (maps_have_changed(checks->lists[i].maps))
            return true;
    }
    return false;
}

bool checks_apply_to(const struct intake_message *message, enum checks_list list)
{
    bool internal = (message->options & INTAKE_IS_BOUNCE) && !(message->options & INTAKE_FILTER_INTERNAL);

    if (maps_is_empty(message->intake->checks->lists[list].maps))
        return false;
    if (list == CHECKS_MILTER_HEADER)
        return true;
    return !message->checks_are_over && !internal
        && !(message->options & INTAKE_NO_HEADER_BODY_CHECKS);
}

/* --- what the log says about an action --- */

static void put_origin(struct str *line, const struct intake_message *message)
{
    str_printf(line, " from %s; from=<%s> to=<%s>", message->origin, message->envelope.sender,
        message->last_recipient == NULL ? "unknown" : message->last_recipient);
}

/* "QID: warning: header Subject: x from client[addr]; from=<> to=<> proto=ESMTP helo=<x>: text" */
static void log_action(const struct intake_message *message, const char *action, const char *class, const char *content,
    const char *text)
{
    struct str line = {0};

    str_printf(&line, "%s: %s: %s %.200s", message->queue_id, action, class, content);
    put_origin(&line, message);
    if (message->protocol != NULL)
        str_printf(&line, " proto=%s", message->protocol);
    if (message->helo != NULL)
        str_printf(&line, " helo=<%s>", message->helo);
    if (text != NULL)
        str_printf(&line, ": %s", text);
    log_info("%s", str_text(&line));
    str_free(&line);
}

/* --- actions --- */

struct match {
    struct intake_message *message;
    const struct list *list;
    const char *class;    /* header or body */
    const char *argument; /* behind the action's name */
    struct str *text;
    struct str *before;
};

static void log_labelled(const struct match *match, const char *action, const char *text)
{
    char label[64];

    (void)snprintf(label, sizeof(label), "%s%s", match->list->label, action); /* both are ours and short */
    log_action(match->message, label, match->class, str_text(match->text), text);
}

static void log_match(const struct match *match, const char *action)
{
    bool is_silent = *match->argument == '\0' && match->list->label[0] == '\0';

    log_labelled(match, action, is_silent ? NULL : match->argument);
}

static bool is_address(const char *text)
{
    const char *domain = address_domain(text);

    return domain != NULL && domain > text + 1 && *domain != '\0';
}

static bool do_nothing(struct match *match)
{
    return true;
}

static bool do_bcc(struct match *match)
{
    struct intake_message *message = match->message;

    if (!is_address(match->argument)) {
        log_warning("bad BCC address \"%s\" in %s map -- need user@domain", match->argument, match->list->name);
        return true;
    }
    log_match(match, "bcc");
    state_want_copy(message, match->argument, NOTIFY_NEVER);
    return true;
}

static bool do_discard(struct match *match)
{
    log_match(match, "discard");
    match->message->discard = true;
    return false;
}

static bool do_filter(struct match *match)
{
    if (*match->argument == '\0') {
        log_warning("missing FILTER command argument in %s map", match->list->name);
    } else if (strchr(match->argument, ':') == NULL) {
        log_warning("bad FILTER command %s in %s -- need transport:destination", match->argument, match->list->name);
    } else {
        log_match(match, "filter");
        envelope_set_attribute(&match->message->envelope, match->message->arena, ATTRIBUTE_CONTENT_FILTER, match->argument);
    }
    return true;
}

static bool do_hold(struct match *match)
{
    if (match->message->envelope.flags & ENVELOPE_HOLD)
        return true; /* said already */
    log_match(match, "hold");
    match->message->envelope.flags |= ENVELOPE_HOLD;
    return true;
}

static bool do_ignore(struct match *match)
{
    return false;
}

static bool do_info(struct match *match)
{
    log_match(match, "info");
    return true;
}

static bool do_pass(struct match *match)
{
    log_match(match, "pass");
    match->message->checks_are_over = true;
    return true;
}

/* Whether a text may stand where the match stood; warns if not. */
static bool is_usable(const struct match *match, const char *action)
{
    size_t value;

    if (*match->argument == '\0') {
        log_warning("%s action without text in %s map", action, match->list->name);
        return false;
    }
    if (match->list->of_header && header_name_length(match->argument, strlen(match->argument), &value) == 0) {
        log_warning("bad %s header text \"%s\" in %s map -- need \"headername: headervalue\"", action, match->argument,
            match->list->name);
        return false;
    }
    return true;
}

static bool do_prepend(struct match *match)
{
    if (!is_usable(match, "PREPEND"))
        return true;
    log_match(match, "prepend");
    if (match->list->label[0] != '\0') {
        log_warning("the milter_header/body_checks prepend action is not implemented");
        return true;
    }
    str_put(match->before, match->argument);
    str_put_char(match->before, '\n');
    return true;
}

static bool do_redirect(struct match *match)
{
    if (!is_address(match->argument)) {
        log_warning("bad REDIRECT target \"%s\" in %s map -- need user@domain", match->argument, match->list->name);
        return true;
    }
    log_match(match, "redirect");
    match->message->checks_are_over = true; /* where it goes is settled */
    match->message->redirect_to = arena_copy_text(match->message->arena, match->argument);
    return true;
}

static bool do_reject(struct match *match)
{
    struct intake_message *message = match->message;
    struct verdict verdict = { .code = 550, .status = "5.7.1", .text = "message content rejected" };
    size_t length = match->argument[0] == '2' ? 0 : (size_t)reason_status_length(match->argument);
    struct str logged = {0};

    if (*match->argument != '\0')
        verdict.text = match->argument + length + strspn(match->argument + length, " \t");
    if (length > 0) {
        memcpy(verdict.status, match->argument, length);
        verdict.status[length] = '\0';
        verdict.code = verdict.status[0] == '4' ? 451 : 550;
    }
    str_printf(&logged, "%s %s", verdict.status, verdict.text);
    log_labelled(match, "reject", str_text(&logged));
    str_free(&logged);
    state_fail(message, verdict);
    return state_is_healthy(message);
}

static bool do_replace(struct match *match)
{
    if (!is_usable(match, "REPLACE"))
        return true;
    log_match(match, "replace");
    str_set(match->text, match->argument);
    return true;
}

static bool do_strip(struct match *match)
{
    log_match(match, "strip");
    return false;
}

static bool do_warn(struct match *match)
{
    log_match(match, "warning");
    return true;
}

static const struct action {
    const char *name;
    bool (*run)(struct match *match); /* whether the text is kept */
} actions[] = {
    { "BCC", do_bcc },         { "DISCARD", do_discard }, { "DUNNO", do_nothing },     { "FILTER", do_filter },
    { "HOLD", do_hold },       { "IGNORE", do_ignore },   { "INFO", do_info },         { "OK", do_nothing },
    { "PASS", do_pass },       { "PREPEND", do_prepend }, { "REDIRECT", do_redirect }, { "REJECT", do_reject },
    { "REPLACE", do_replace }, { "STRIP", do_strip },     { "WARN", do_warn },
};

static bool run_action(struct match *match, const char *value)
{
    size_t length = strcspn(value, " \t");
    bool of_milter = match->list->label[0] != '\0'; /* there the rest of the message was inspected already: nothing to pass */

    match->argument = value + length + strspn(value + length, " \t");
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        if (strlen(actions[i].name) == length && strncasecmp(actions[i].name, value, length) == 0
            && !(of_milter && actions[i].run == do_pass))
            return actions[i].run(match);
    }
    log_warning("%s command in %s map: %s", of_milter ? "unsupported" : "unknown", match->list->name, value);
    return true;
}

bool checks_run(struct intake_message *message, enum checks_list which, struct str *text, struct str *before)
{
    const struct list *list = &message->intake->checks->lists[which];
    struct str value = {0};
    bool keep = true;

    if (text->length == 0 || !checks_apply_to(message, which))
        return true;
    switch (maps_find(list->maps, str_text(text), &value, NULL)) {
    case TABLE_FOUND: {
        struct match match = { .message = message, .list = list, .class = list->of_header ? "header" : "body",
            .text = text, .before = before };
        keep = run_action(&match, str_text(&value));
        break;
    }
    case TABLE_FAILED:
        log_warning("%s: %s map lookup problem -- message not accepted, try again later", message->queue_id,
            list->name);
        state_fail(message, VERDICT(451, "4.3.0", "Error: queue file write error"));
        keep = false;
        break;
    case TABLE_ABSENT:
        break;
    }
    str_free(&value);
    return keep;
}

/* --- characters --- */

bool checks_have_characters(const struct checks *checks)
{
    return checks->has_characters;
}

void checks_filter_characters(struct intake_message *message, struct str *text)
{
    const struct checks *checks = message->intake->checks;
    size_t kept = 0;

    for (size_t i = 0; i < text->length; i++) {
        unsigned char c = (unsigned char)text->data[i];
        if (checks->reject[c] && !state_is_refused(message)) {
            log_action(message, "reject", "content", str_text(text), "5.7.1 disallowed character");
            state_fail(message, VERDICT(550, "5.7.1", "disallowed character"));
        }
        if (!checks->strip[c])
            text->data[kept++] = text->data[i];
    }
    if (text->length > 0)
        str_truncate(text, kept);
}

void checks_reject_mime(struct intake_message *message, const char *what, const char *text)
{
    struct str line = {0};

    if (state_is_refused(message))
        return;
    str_printf(&line, "%s: reject: mime-error %s: %.200s", message->queue_id, what, text);
    put_origin(&line, message);
    log_info("%s", str_text(&line));
    str_free(&line);
    state_fail(message, VERDICT(550, "5.6.0", what));
}
