#include "smtpd/screen/dialogue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "smtpd/screen/dialogue_command.h"
#include "smtpd/screen/dialogue_tls.h"
#include "util/base/clock.h"
#include "util/base/escape.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

enum { READ_BYTES = 4096, SHOWN_BYTES = 100 };

#define PROTOCOL_ERROR VERDICT(550, "5.5.1", "Protocol error")

static bool is_watched(const struct dialogue *dialogue, enum check check)
{
    return (dialogue->tests & (1U << check)) != 0;
}

/* A test failed. False: the connection must end, and the client has been told. */
static bool fail(struct dialogue *dialogue, enum check check, struct verdict on_drop)
{
    dialogue->tests &= ~(1U << check); /* once is enough */
    if (!visitor_fail(dialogue->visitor, check, PROTOCOL_ERROR))
        return true;
    (void)visitor_reply(dialogue->visitor, on_drop); /* it ends anyway */
    return false;
}

/* --- the tests --- */

static bool test_pipelining(struct dialogue *dialogue)
{
    struct visitor *visitor = dialogue->visitor;
    size_t left = dialogue->input.length - dialogue->taken;
    char ahead[SHOWN_BYTES];
    struct str text = {0};

    if (!is_watched(dialogue, CHECK_PIPELINING))
        return true;
    if (left > 0) {
        escape_put(&text, dialogue->input.data + dialogue->taken, left < SHOWN_BYTES ? left : SHOWN_BYTES);
    } else {
        ssize_t count = recv(visitor->fd, ahead, sizeof(ahead), MSG_PEEK | MSG_DONTWAIT);
        if (count <= 0)
            return true;
        escape_put(&text, ahead, (size_t)count);
    }
    log_info("COMMAND PIPELINING from %s after %s: %s", visitor->name, dialogue->where, str_text(&text));
    str_free(&text);
    return fail(dialogue, CHECK_PIPELINING, VERDICT(521, "5.5.1", "Protocol error"));
}

static bool test_bare_newline(struct dialogue *dialogue, const char *line)
{
    log_info("BARE NEWLINE from %s after %.100s", dialogue->visitor->name, line);
    return fail(dialogue, CHECK_BARE_NEWLINE, VERDICT(521, "5.5.1", "Protocol error"));
}

/* "Subject: text": mail content from somebody who doesn't listen. */
static bool looks_like_header(const char *line)
{
    size_t length = 0;

    while (line[length] > ' ' && line[length] < 127 && line[length] != ':')
        length++;
    size_t blanks = strspn(line + length, " \t");
    return length > 0 && line[length + blanks] == ':';
}

static bool test_command(struct dialogue *dialogue, const char *line, const char *verb, const char *arguments)
{
    struct visitor *visitor = dialogue->visitor;

    if (!is_watched(dialogue, CHECK_NON_SMTP)
        || (match_list_text(visitor->screen->forbidden_commands, verb) != TABLE_FOUND && !looks_like_header(line)))
        return true;
    log_info("NON-SMTP COMMAND from %s after %s: %.100s %.100s", visitor->name, dialogue->where, verb, arguments);
    return fail(dialogue, CHECK_NON_SMTP, VERDICT(521, "5.7.0", "Error: I can break rules, too. Goodbye."));
}

/* RCPT: what was watched for so far and didn't happen is passed. */
static void pass_tests(struct dialogue *dialogue)
{
    for (int i = CHECK_PIPELINING; i < CHECK_COUNT; i++) {
        enum check check = (enum check)i;
        if (is_watched(dialogue, check) && (dialogue->visitor->checks.enabled & (1U << check)))
            visitor_pass(dialogue->visitor, check);
    }
}

/* --- lines --- */

static void end(struct dialogue *dialogue)
{
    struct visitor *visitor = dialogue->visitor;

    visitor_settle(visitor);
    visitor_end(visitor);
}

static void end_for_limit(struct dialogue *dialogue, const char *what)
{
    struct visitor *visitor = dialogue->visitor;
    struct str text = {0};

    log_info("COMMAND %s LIMIT from %s after %s", what, visitor->name, dialogue->where);
    str_printf(&text, "%s Service unavailable - try again later", visitor->screen->config->myhostname);
    (void)visitor_reply(visitor, VERDICT(421, "", str_text(&text))); /* it ends anyway */
    str_free(&text);
    end(dialogue);
}

static void filter_command(struct dialogue *dialogue, struct str *line)
{
    struct maps *filter = dialogue->visitor->screen->command_filter;
    struct str changed = {0};

    if (!maps_is_empty(filter) && maps_find(filter, str_text(line), &changed, NULL) == TABLE_FOUND)
        str_set(line, str_text(&changed));
    str_free(&changed);
}

/* False: the connection must end. */
static bool run_line(struct dialogue *dialogue, struct str *line)
{
    const char *name;
    struct str verb = {0};

    filter_command(dialogue, line);
    const char *start = str_text(line) + strspn(str_text(line), " \t");
    size_t length = strcspn(start, " ");
    const char *arguments = start + length + strspn(start + length, " \t");
    str_put_bytes(&verb, start, length);
    bool is_known = dialogue_command_is_known(str_text(&verb), &name);
    bool goes_on = is_known || test_command(dialogue, start, str_text(&verb), arguments);
    if (goes_on)
        dialogue->where = is_known ? name : "UNIMPLEMENTED";
    goes_on = goes_on && test_pipelining(dialogue) && dialogue_command_run(dialogue, str_text(&verb), arguments);
    if (dialogue->has_recipient_command)
        pass_tests(dialogue);
    str_free(&verb);
    return goes_on;
}

/* Takes one line from the input. False: there is no whole one. */
static bool take_line(struct dialogue *dialogue, struct str *line, bool *had_cr)
{
    const char *start = dialogue->input.data + dialogue->taken;
    size_t left = dialogue->input.length - dialogue->taken;
    const char *newline = left == 0 ? NULL : memchr(start, '\n', left);

    if (newline == NULL)
        return false;
    size_t length = (size_t)(newline - start);
    dialogue->taken += length + 1;
    *had_cr = length > 0 && start[length - 1] == '\r';
    str_clear(line);
    text_put_printable(line, start, length - *had_cr, '?', true);
    while (line->length > 0 && text_is_space(line->data[line->length - 1]))
        str_truncate(line, line->length - 1);
    return true;
}

/* What is left moves to the front; an idle client holds no buffer. */
static void tidy(struct dialogue *dialogue)
{
    size_t left = dialogue->input.length - dialogue->taken;

    if (left == 0) {
        str_free(&dialogue->input);
    } else {
        memmove(dialogue->input.data, dialogue->input.data + dialogue->taken, left);
        str_truncate(&dialogue->input, left);
    }
    dialogue->taken = 0;
}

static void set_timer(struct visitor *visitor)
{
    struct screen *screen = visitor->screen;
    struct timeval limit = { .tv_sec = screen->command_time_limit_s[screen->is_stressed] };

    if (event_add(visitor->timer, &limit) != 0)
        log_fatal("no timer: %m");
}

/* A client that leaves may always do so politely. */
static bool is_goodbye(const char *line)
{
    return text_starts_with_nocase(line, "QUIT") && (line[4] == '\0' || text_is_space(line[4]));
}

/* False: the dialogue is gone. */
static bool serve_line(struct dialogue *dialogue, struct str *line, bool had_cr)
{
    const struct config *config = dialogue->visitor->screen->config;

    if (line->length > (size_t)config->line_length_limit) {
        end_for_limit(dialogue, "LENGTH");
        return false;
    }
    if (++dialogue->command_count > config->postscreen_command_count_limit && !is_goodbye(str_text(line))) {
        end_for_limit(dialogue, "COUNT");
        return false;
    }
    bool goes_on = had_cr || !is_watched(dialogue, CHECK_BARE_NEWLINE) || test_bare_newline(dialogue, str_text(line));
    if (goes_on && run_line(dialogue, line))
        return true;
    end(dialogue);
    return false;
}

static void serve_input(struct dialogue *dialogue)
{
    struct visitor *visitor = dialogue->visitor;
    struct str line = {0};
    bool had_cr;
    bool is_there = true;

    while (is_there && !dialogue->is_paused && take_line(dialogue, &line, &had_cr)) {
        is_there = serve_line(dialogue, &line, had_cr);
        if (is_there)
            set_timer(visitor);
    }
    str_free(&line);
    if (!is_there)
        return;
    tidy(dialogue);
    if (dialogue->input.length > (size_t)visitor->screen->config->line_length_limit)
        end_for_limit(dialogue, "LENGTH");
}

static void on_input(evutil_socket_t fd, short what, void *context)
{
    struct visitor *visitor = context;
    char bytes[READ_BYTES];

    ssize_t count = recv(visitor->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0) {
        visitor_hang_up(visitor);
        return;
    }
    str_put_bytes(&visitor->dialogue->input, bytes, (size_t)count);
    serve_input(visitor->dialogue);
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
    struct visitor *visitor = context;
    struct str text = {0};

    log_info("COMMAND TIME LIMIT from %s after %s", visitor->name, visitor->dialogue->where);
    str_printf(&text, "%s Error: timeout exceeded", visitor->screen->config->myhostname);
    (void)visitor_reply(visitor, VERDICT(421, "4.4.2", str_text(&text))); /* it ends anyway */
    str_free(&text);
    end(visitor->dialogue);
}

static void listen_to_client(struct visitor *visitor)
{
    visitor->io = event_new(visitor->screen->events, visitor->fd, EV_READ | EV_PERSIST, on_input, visitor);
    if (visitor->io == NULL || event_add(visitor->io, NULL) != 0)
        log_fatal("no event: %m");
}

static void go_on(struct dialogue *dialogue)
{
    dialogue->is_paused = false;
    listen_to_client(dialogue->visitor);
    serve_input(dialogue);
}

static void stop(struct dialogue *dialogue)
{
    dialogue_tls_stop(dialogue->tls);
    str_free(&dialogue->input);
    str_free(&dialogue->helo);
    str_free(&dialogue->sender);
    free(dialogue);
}

void dialogue_start(struct visitor *visitor)
{
    struct screen *screen = visitor->screen;
    struct dialogue *dialogue = memory_new(struct dialogue);

    *dialogue = (struct dialogue){ .visitor = visitor, .go_on = go_on, .where = "CONNECT" };
    /* New clients are tested as configured; for one that has failed already all is looked at, for the log. */
    dialogue->tests = visitor->refusal.code != 0 ? CHECK_DEEP_BITS : visitor->checks.enabled & CHECK_DEEP_BITS;
    visitor->dialogue = dialogue;
    visitor->stop_dialogue = stop;
    visitor->started_ms = clock_monotonic_ms();
    visitor->timer = evtimer_new(screen->events, on_time, visitor);
    if (visitor->timer == NULL)
        log_fatal("no timer: %m");
    listen_to_client(visitor);
    set_timer(visitor);
    /* Who spoke before the greeting and is refused for it doesn't get the rest of it. */
    bool is_enough = visitor->has_spoken && screen->actions[CHECK_PREGREET] == SCREEN_ENFORCE;
    if (!is_enough && !visitor_reply(visitor, VERDICT(220, "", screen->config->smtpd_banner)))
        visitor_hang_up(visitor);
}
