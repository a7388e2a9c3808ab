#include "smtpd/policy/policy_service.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "smtpd/policy/policy_reply.h"
#include "util/base/brace.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/io/stream.h"
#include "util/log/log.h"
#include "util/net/tcp_connect.h"

enum { LINE_BYTES_MAX = 32768 };

struct policy_service {
    char *text;
    char *name;
    bool is_inet;
    int64_t timeout_s, max_idle_s, max_ttl_s, request_limit, try_limit, retry_delay_s;
    char *default_action;
    char *context;
    struct str flaw; /* what is wrong with the settings; "": nothing */

    struct stream *stream; /* NULL: not connected */
    int64_t opened_ms;
    int64_t used_ms;
    int64_t requests;      /* that this connection has carried */
    struct policy_reply reply;
    struct str line;
};

/* --- settings --- */

static void set_text(char **target, const char *value)
{
    free(*target);
    *target = memory_copy_text(value);
}

static void set_time(struct policy_service *service, int64_t *target, const char *name, const char *value)
{
    if (!number_parse_time(value, 's', target) || *target < 1)
        str_printf(&service->flaw, "invalid %s value: %s; ", name, value);
}

static void set_count(struct policy_service *service, int64_t *target, const char *name, const char *value, int64_t minimum)
{
    if (!number_parse_i64(value, minimum, INT32_MAX, target))
        str_printf(&service->flaw, "invalid %s value: %s; ", name, value);
}

static void set_option(struct policy_service *service, const char *name, const char *value)
{
    if (text_equal(name, "timeout"))
        set_time(service, &service->timeout_s, name, value);
    else if (text_equal(name, "max_idle"))
        set_time(service, &service->max_idle_s, name, value);
    else if (text_equal(name, "max_ttl"))
        set_time(service, &service->max_ttl_s, name, value);
    else if (text_equal(name, "retry_delay"))
        set_time(service, &service->retry_delay_s, name, value);
    else if (text_equal(name, "request_limit"))
        set_count(service, &service->request_limit, name, value, 0);
    else if (text_equal(name, "try_limit"))
        set_count(service, &service->try_limit, name, value, 1);
    else if (text_equal(name, "default_action"))
        set_text(&service->default_action, value);
    else if (text_equal(name, "policy_context"))
        set_text(&service->context, value);
    else
        str_printf(&service->flaw, "unexpected attribute: \"%s\"; ", name);
}

/* "name=value", or { name = value } where the value has blanks. */
static void take_option(struct policy_service *service, const char *word)
{
    struct str inner = {0};
    struct str why = {0};

    if (*word != '{')
        str_set(&inner, word);
    else if (!brace_content(word, &inner, &why))
        str_printf(&service->flaw, "option \"%s\": %s; ", word, str_text(&why));
    char *equals = inner.data == NULL ? NULL : strchr(inner.data, '=');
    if (equals == NULL) {
        str_printf(&service->flaw, "malformed option: missing '=' after attribute name: \"...%s...\"; ", str_text(&inner));
    } else {
        char *end = equals;
        while (end > inner.data && text_is_space(end[-1]))
            end--;
        *end = '\0';
        set_option(service, inner.data, equals + 1 + strspn(equals + 1, " \t\r\n"));
    }
    str_free(&inner);
    str_free(&why);
}

static void set_endpoint(struct policy_service *service, const char *endpoint)
{
    if (text_starts_with(endpoint, "inet:"))
        service->is_inet = true;
    else if (!text_starts_with(endpoint, "unix:") && !text_starts_with(endpoint, "local:"))
        str_printf(&service->flaw, "invalid transport name: %.*s; ", (int)strcspn(endpoint, ":"), endpoint);
    const char *colon = strchr(endpoint, ':');
    service->name = memory_copy_text(colon == NULL ? "" : colon + 1);
}

struct policy_service *policy_service_open(const struct config *config, const char *text)
{
    struct policy_service *service = memory_new(struct policy_service);
    struct str inner = {0};
    struct str word = {0};
    struct str why = {0};

    *service = (struct policy_service){ .text = memory_copy_text(text), .timeout_s = config->smtpd_policy_service_timeout,
        .max_idle_s = config->smtpd_policy_service_max_idle, .max_ttl_s = config->smtpd_policy_service_max_ttl,
        .request_limit = config->smtpd_policy_service_request_limit, .try_limit = config->smtpd_policy_service_try_limit,
        .retry_delay_s = config->smtpd_policy_service_retry_delay,
        .default_action = memory_copy_text(config->smtpd_policy_service_default_action),
        .context = memory_copy_text(config->smtpd_policy_service_policy_context) };
    if (*text == '{') {
        if (!brace_content(text, &inner, &why))
            str_printf(&service->flaw, "%s; ", str_text(&why));
        const char *cursor = str_text(&inner);
        (void)brace_next_word(&cursor, TEXT_LIST_SEPARATORS, &word); /* "" is a bad endpoint, too */
        set_endpoint(service, str_text(&word));
        while (brace_next_word(&cursor, TEXT_LIST_SEPARATORS, &word))
            take_option(service, str_text(&word));
    } else {
        set_endpoint(service, text);
    }
    if (service->flaw.length > 0)
        str_printf(&service->flaw, "in service: %s", text);
    str_free(&inner);
    str_free(&word);
    str_free(&why);
    return service;
}

const char *policy_service_flaw(const struct policy_service *service)
{
    return service->flaw.length == 0 ? NULL : str_text(&service->flaw);
}

static void disconnect(struct policy_service *service)
{
    stream_close(service->stream);
    service->stream = NULL;
}

void policy_service_close(struct policy_service *service)
{
    if (service == NULL)
        return;
    disconnect(service);
    str_free(&service->reply.action);
    str_free(&service->line);
    str_free(&service->flaw);
    free(service->text);
    free(service->name);
    free(service->default_action);
    free(service->context);
    free(service);
}

const char *policy_service_text(const struct policy_service *service)
{
    return service->text;
}

const char *policy_service_endpoint(const struct policy_service *service, struct arena *arena)
{
    return arena_printf(arena, "%s:%s", service->is_inet ? "inet" : "unix", service->name);
}

const char *policy_service_context(const struct policy_service *service)
{
    return service->context;
}

const char *policy_service_default_action(const struct policy_service *service)
{
    return service->default_action;
}

/* --- requests --- */

/* What went wrong with one try. */
struct failure {
    const char *text;
    bool is_ordinary; /* servers that are restarted or leave do this: only the last try is logged */
};

static bool connect_to(struct policy_service *service, struct failure *failure)
{
    int timeout_ms = (int)(service->timeout_s > 3600 ? 3600 : service->timeout_s) * 1000;
    const char *why = NULL;
    int fd;

    errno = 0;
    fd = service->is_inet ? tcp_connect(service->name, timeout_ms, &why) : fd_connect_unix(service->name, timeout_ms);
    if (fd < 0) {
        int error = errno;
        failure->text = service->is_inet && why != NULL ? why : strerror(error);
        failure->is_ordinary = !service->is_inet && error == ENOENT;
        log_warning("connect to %s: %s", service->name, failure->text);
        return false;
    }
    service->stream = stream_open(fd);
    stream_set_timeout(service->stream, service->timeout_s);
    service->opened_ms = service->used_ms = clock_monotonic_ms();
    service->requests = 0;
    return true;
}

static bool fail_stream(struct policy_service *service, struct failure *failure)
{
    switch (stream_status(service->stream)) {
    case STREAM_TIMEOUT:
        failure->text = strerror(ETIMEDOUT);
        failure->is_ordinary = false;
        break;
    case STREAM_EOF:
        failure->text = "Application error"; /* Postfix's word for a server that hangs up */
        failure->is_ordinary = true;
        break;
    default:
        failure->text = strerror(stream_errno(service->stream));
        failure->is_ordinary = true;
    }
    return false;
}

/* The reply ended in its middle. */
static void log_break(const struct policy_service *service)
{
    bool is_late = stream_status(service->stream) == STREAM_TIMEOUT;
    bool in_value = strchr(str_text(&service->line), '=') != NULL;

    log_warning("%s on %s while reading input attribute %s", is_late ? "timeout" : "premature end-of-input", service->name,
        in_value ? "value" : "name");
}

static bool read_reply(struct policy_service *service, struct failure *failure)
{
    *failure = (struct failure){ "Application error", true };
    policy_reply_reset(&service->reply);
    for (bool has_begun = false;; has_begun = true) {
        enum stream_status status = stream_read_line(service->stream, &service->line, LINE_BYTES_MAX);
        if (status == STREAM_TOO_LONG) {
            log_warning("string length > %d characters from %s", (int)LINE_BYTES_MAX, service->name);
            return false;
        }
        if (status != STREAM_OK && (has_begun || service->line.length > 0))
            log_break(service);
        if (status != STREAM_OK)
            return fail_stream(service, failure);
        switch (policy_reply_take(&service->reply, str_text(&service->line), service->line.length)) {
        case POLICY_REPLY_MORE:
            break;
        case POLICY_REPLY_DONE:
            return true;
        case POLICY_REPLY_NO_ACTION:
            log_warning("missing attribute action in input from %s", service->name);
            return false;
        case POLICY_REPLY_TOO_LONG:
            log_warning("too many attributes in input from %s", service->name);
            return false;
        }
    }
}

static bool exchange(struct policy_service *service, const char *request, struct failure *failure)
{
    stream_set_deadline(service->stream, clock_deadline_s(service->timeout_s));
    stream_put(service->stream, request);
    stream_put(service->stream, "\n");
    service->requests++;
    if (stream_flush(service->stream) != STREAM_OK)
        return fail_stream(service, failure);
    if (!read_reply(service, failure))
        return false;
    service->used_ms = clock_monotonic_ms();
    return true;
}

/* Bytes that nobody asked for, or an end: such a connection is of no use. */
static bool is_worn_out(const struct policy_service *service)
{
    int64_t now_ms = clock_monotonic_ms();

    return now_ms - service->used_ms >= service->max_idle_s * 1000 || now_ms - service->opened_ms >= service->max_ttl_s * 1000
           || (service->request_limit > 0 && service->requests >= service->request_limit)
           || stream_input_is_pending(service->stream);
}

static void wait_s(int64_t seconds)
{
    struct timespec left = { .tv_sec = seconds };

    while (nanosleep(&left, &left) != 0)
        ; /* a signal only sets a flag */
}

bool policy_service_ask(struct policy_service *service, const char *request, struct str *action)
{
    struct failure failure = {0};

    if (service->stream != NULL && is_worn_out(service))
        disconnect(service);
    for (int64_t try = 1; try <= service->try_limit;) {
        bool was_used = service->stream != NULL;
        if ((was_used || connect_to(service, &failure)) && exchange(service, request, &failure)) {
            str_set(action, str_text(&service->reply.action));
            if (service->request_limit > 0 && service->requests >= service->request_limit)
                disconnect(service);
            return true;
        }
        disconnect(service);
        bool was_left = was_used && failure.is_ordinary && service->reply.lines == 0;
        if (was_left && service->try_limit == 1)
            continue; /* the server had enough of that connection: not worth the only try */
        if (try == service->try_limit || !failure.is_ordinary)
            log_warning("problem talking to server %s: %s", service->name, failure.text);
        if (try++ < service->try_limit && !was_left)
            wait_s(service->retry_delay_s);
    }
    return false;
}
