#include "delivery/pipe/pipe_arguments.h"

#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/mail/address.h"

/* What a macro may ask. */
struct expansion {
    const struct pipe_attributes *attributes;
    const struct order *order;
    const struct recipient *recipient;
    const char *delimiters;
    struct str *out;
};

typedef void macro(const struct expansion *expansion);

static void fold(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        text[i] = text_lower_char(text[i]);
}

/* Appends a copy that is in lower case if the flag is set. */
static void put_folded(const struct expansion *expansion, const char *text, size_t length, unsigned flag)
{
    size_t start = expansion->out->length;

    str_put_bytes(expansion->out, text, length);
    if (expansion->attributes->flags & flag)
        fold(expansion->out->data + start, length);
}

/* A whole address: flags h, q and u. */
static void put_address(const struct expansion *expansion, const char *address)
{
    size_t local = address_local_length(address);
    struct str folded = {0};

    str_put(&folded, address);
    if ((expansion->attributes->flags & PIPE_FLAG_FOLD_USER) && local > 0)
        fold(folded.data, local);
    if ((expansion->attributes->flags & PIPE_FLAG_FOLD_DOMAIN) && folded.length > local)
        fold(folded.data + local, folded.length - local);
    if (expansion->attributes->flags & PIPE_FLAG_QUOTE)
        address_quote(str_text(&folded), expansion->out);
    else
        str_put(expansion->out, str_text(&folded));
    str_free(&folded);
}

static void put_recipient(const struct expansion *expansion)
{
    put_address(expansion, expansion->recipient->address);
}

static void put_original_recipient(const struct expansion *expansion)
{
    put_address(expansion, expansion->recipient->original);
}

static size_t user_length(const struct expansion *expansion)
{
    const char *address = expansion->recipient->address;

    return address_user_length(address, address_local_length(address), expansion->delimiters, false);
}

static void put_user(const struct expansion *expansion)
{
    put_folded(expansion, expansion->recipient->address, user_length(expansion), PIPE_FLAG_FOLD_USER);
}

static void put_extension(const struct expansion *expansion)
{
    size_t local = address_local_length(expansion->recipient->address);
    size_t user = user_length(expansion);

    if (user < local)
        put_folded(expansion, expansion->recipient->address + user + 1, local - user - 1, PIPE_FLAG_FOLD_USER);
}

static void put_mailbox(const struct expansion *expansion)
{
    const char *address = expansion->recipient->address;

    put_folded(expansion, address, address_local_length(address), PIPE_FLAG_FOLD_USER);
}

static void put_domain(const struct expansion *expansion)
{
    const char *domain = address_domain(expansion->recipient->address);

    if (domain != NULL)
        put_folded(expansion, domain, strlen(domain), PIPE_FLAG_FOLD_DOMAIN);
}

static void put_next_hop(const struct expansion *expansion)
{
    put_folded(expansion, expansion->order->next_hop, strlen(expansion->order->next_hop), PIPE_FLAG_FOLD_DOMAIN);
}

static void put_sender(const struct expansion *expansion)
{
    const char *sender = pipe_arguments_sender(expansion->attributes, expansion->order);

    if ((expansion->attributes->flags & PIPE_FLAG_QUOTE) && *sender != '\0')
        address_quote(sender, expansion->out);
    else
        str_put(expansion->out, sender);
}

static void put_queue_id(const struct expansion *expansion)
{
    str_put(expansion->out, expansion->order->queue_id);
}

static void put_size(const struct expansion *expansion)
{
    str_printf(expansion->out, "%llu", (unsigned long long)expansion->order->envelope.size_bytes);
}

static const struct {
    const char *name;
    macro *put;            /* NULL: an attribute of the message */
    const char *attribute;
    bool per_recipient;
} macros[] = {
    { "recipient", put_recipient, NULL, true },
    { "original_recipient", put_original_recipient, NULL, true },
    { "user", put_user, NULL, true },
    { "extension", put_extension, NULL, true },
    { "mailbox", put_mailbox, NULL, true },
    { "domain", put_domain, NULL, true },
    { "nexthop", put_next_hop, NULL, false },
    { "sender", put_sender, NULL, false },
    { "queue_id", put_queue_id, NULL, false },
    { "size", put_size, NULL, false },
    { "client_address", NULL, ATTRIBUTE_CLIENT_ADDRESS, false },
    { "client_helo", NULL, ATTRIBUTE_CLIENT_HELO, false },
    { "client_hostname", NULL, ATTRIBUTE_CLIENT_NAME, false },
    { "client_port", NULL, ATTRIBUTE_CLIENT_PORT, false },
    { "client_protocol", NULL, ATTRIBUTE_CLIENT_PROTOCOL, false },
    { "sasl_method", NULL, ATTRIBUTE_SASL_METHOD, false },
    { "sasl_sender", NULL, ATTRIBUTE_SASL_SENDER, false },
    { "sasl_username", NULL, ATTRIBUTE_SASL_USERNAME, false },
};

const char *pipe_arguments_sender(const struct pipe_attributes *attributes, const struct order *order)
{
    return *order->envelope.sender == '\0' ? attributes->null_sender : order->envelope.sender;
}

static bool is_name_char(char c)
{
    return text_is_alnum(c) || c == '_';
}

/* A macro's name at text (behind the '$'); its length with brackets is *consumed, 0: no macro. */
static size_t name_at(const char *text, const char **name, size_t *consumed)
{
    char close = *text == '{' ? '}' : *text == '(' ? ')' : '\0';
    size_t length = 0;

    *name = close == '\0' ? text : text + 1;
    while (is_name_char((*name)[length]))
        length++;
    bool closed = close == '\0' || (*name)[length] == close;
    *consumed = length == 0 || !closed ? 0 : length + (close == '\0' ? 0 : 2);
    return length;
}

static size_t find_macro(const char *name, size_t length)
{
    size_t row = 0;

    while (row < COUNT_OF(macros) && !(strlen(macros[row].name) == length && strncmp(macros[row].name, name, length) == 0))
        row++;
    return row;
}

/* Appends the argument's text. False: *unknown. */
static bool expand(const struct expansion *expansion, const char *text, bool *per_recipient, const char **unknown)
{
    while (*text != '\0') {
        const char *name;
        size_t consumed;
        if (*text != '$' || text[1] == '$') {
            str_put_char(expansion->out, *text);
            text += *text == '$' ? 2 : 1;
            continue;
        }
        size_t length = name_at(text + 1, &name, &consumed);
        size_t row = find_macro(name, length);
        if (consumed == 0 || row == COUNT_OF(macros)) {
            if (text[1] == '{' || text[1] == '(')
                length = strcspn(name, text[1] == '{' ? "}" : ")");
            *unknown = arena_copy_bytes(expansion->order->arena, name, length);
            return false;
        }
        *per_recipient |= macros[row].per_recipient;
        if (macros[row].put != NULL)
            macros[row].put(expansion);
        else
            str_put(expansion->out, envelope_attribute(&expansion->order->envelope, macros[row].attribute));
        text += 1 + consumed;
    }
    return true;
}

char **pipe_arguments_expand(const struct pipe_attributes *attributes, const struct order *order, const char *delimiters,
    const char **unknown)
{
    size_t room = (size_t)attributes->argc * order->target_count + 1;
    char **arguments = arena_allocate(order->arena, room * sizeof(*arguments));
    size_t count = 0;
    struct str text = {0};
    bool good = order->target_count > 0;

    for (int i = 0; i < attributes->argc && good; i++) {
        bool per_recipient = false;
        for (size_t target = 0; target < order->target_count && good && (target == 0 || per_recipient); target++) {
            struct expansion expansion = { attributes, order, &order->targets[target].recipient, delimiters, &text };
            str_clear(&text);
            good = expand(&expansion, attributes->argv[i], &per_recipient, unknown);
            arguments[count++] = arena_copy_text(order->arena, str_text(&text));
        }
    }
    str_free(&text);
    return good ? arguments : NULL;
}
