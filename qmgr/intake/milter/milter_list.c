#include "qmgr/intake/milter/milter_list.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"

struct milter_list {
    struct arena *arena;
    struct milter **milters;
    size_t count;
    struct milter_macros macros;
    struct str data; /* of the event at hand */
};

struct milter_list *milter_list_open(const struct config *config, const char *endpoints, const struct milter_macros *macros)
{
    struct arena *arena = arena_new();
    struct milter_settings *settings = milter_settings_parse(config, endpoints, arena);

    if (settings == NULL) {
        arena_free(arena);
        return NULL;
    }
    struct milter_list *list = memory_new(struct milter_list);
    list->arena = arena;
    list->macros = *macros;
    for (; settings != NULL; settings = settings->next) {
        list->milters = memory_resize(list->milters, list->count + 1, sizeof(struct milter *));
        list->milters[list->count] = milter_new(config, settings);
        milter_connect(list->milters[list->count++]);
    }
    return list;
}

void milter_list_close(struct milter_list *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->count; i++)
        milter_close(list->milters[i]);
    free(list->milters);
    str_free(&list->data);
    arena_free(list->arena);
    free(list);
}

struct milter *milter_list_get(struct milter_list *list, size_t index)
{
    return list != NULL && index < list->count ? list->milters[index] : NULL;
}

const struct milter_macros *milter_list_macros(const struct milter_list *list)
{
    return &list->macros;
}

/* The first that doesn't say "go on" decides; those behind it aren't asked. */
static struct milter_decision ask(struct milter_list *list, struct milter_event event)
{
    struct milter_decision decision = {0};

    event.data = str_text(&list->data);
    event.length = list->data.length;
    for (size_t i = 0; i < list->count && decision.outcome == MILTER_GO_ON; i++)
        decision = milter_event(list->milters[i], &event, &list->macros);
    return decision;
}

static void put_words(struct milter_list *list, const char *const *words, size_t count)
{
    str_clear(&list->data);
    for (size_t i = 0; i < count; i++)
        milter_wire_text(&list->data, words[i]);
}

struct milter_decision milter_list_connect(struct milter_list *list, const char *name, const char *address, const char *port)
{
    const struct milter_event event = { .command = MILTER_CONNECT, .stage = MILTER_STAGE_CONNECT,
        .unless = MILTER_NO_CONNECT, .mute = MILTER_MUTE_CONNECT };
    uint64_t number = 0;

    if (list == NULL)
        return (struct milter_decision){0};
    str_clear(&list->data);
    if (text_equal(name, "unknown"))
        str_printf(&list->data, "[%s]", address);
    else
        str_put(&list->data, name);
    str_put_char(&list->data, '\0');
    if (!text_equal(address, "unknown")) {
        (void)number_parse_u64(port, 65535, &number); /* an unknown port is 0 */
        str_put_char(&list->data, strchr(address, ':') != NULL ? '6' : '4');
        str_put_char(&list->data, (char)(number >> 8));
        str_put_char(&list->data, (char)(number & 0xFF));
        milter_wire_text(&list->data, address);
    } else {
        str_put_char(&list->data, 'U');
    }
    return ask(list, event);
}

struct milter_decision milter_list_helo(struct milter_list *list, const char *name)
{
    const struct milter_event event = { .command = MILTER_HELO, .stage = MILTER_STAGE_HELO, .unless = MILTER_NO_HELO,
        .mute = MILTER_MUTE_HELO };

    if (list == NULL)
        return (struct milter_decision){0};
    put_words(list, &name, 1);
    return ask(list, event);
}

struct milter_decision milter_list_mail(struct milter_list *list, const char *const *words, size_t count)
{
    const struct milter_event event = { .command = MILTER_MAIL, .stage = MILTER_STAGE_MAIL, .unless = MILTER_NO_MAIL,
        .mute = MILTER_MUTE_MAIL };

    if (list == NULL)
        return (struct milter_decision){0};
    put_words(list, words, count);
    return ask(list, event);
}

static const struct milter_event rcpt_event = { .command = MILTER_RCPT, .stage = MILTER_STAGE_RCPT,
    .unless = MILTER_NO_RCPT, .mute = MILTER_MUTE_RCPT };

struct milter_decision milter_list_rcpt(struct milter_list *list, const char *const *words, size_t count)
{
    if (list == NULL)
        return (struct milter_decision){0};
    put_words(list, words, count);
    return ask(list, rcpt_event);
}

void milter_list_refused_rcpt(struct milter_list *list, const char *const *words, size_t count)
{
    struct milter_event event = rcpt_event;

    if (list == NULL)
        return;
    put_words(list, words, count);
    event.data = str_text(&list->data);
    event.length = list->data.length;
    for (size_t i = 0; i < list->count; i++) {
        if (milter_wants(list->milters[i], MILTER_WANTS_REFUSED_RCPT))
            (void)milter_event(list->milters[i], &event, &list->macros); /* it is refused already */
    }
}

struct milter_decision milter_list_data(struct milter_list *list)
{
    const struct milter_event event = { .command = MILTER_DATA, .stage = MILTER_STAGE_DATA, .unless = MILTER_NO_DATA,
        .mute = MILTER_MUTE_DATA, .version = 4 };

    if (list == NULL)
        return (struct milter_decision){0};
    str_clear(&list->data);
    return ask(list, event);
}

struct milter_decision milter_list_unknown(struct milter_list *list, const char *verb)
{
    const struct milter_event event = { .command = MILTER_UNKNOWN, .stage = MILTER_STAGE_UNKNOWN,
        .unless = MILTER_NO_UNKNOWN, .mute = MILTER_MUTE_UNKNOWN, .version = 3 };

    if (list == NULL)
        return (struct milter_decision){0};
    put_words(list, &verb, 1);
    return ask(list, event);
}

void milter_list_abort(struct milter_list *list)
{
    for (size_t i = 0; list != NULL && i < list->count; i++)
        milter_abort(list->milters[i]);
}
