#include "smtpd/policy/dns_list.h"

#include <string.h>
#include <sys/socket.h>

#include "util/base/text.h"
#include "util/net/ip_address.h"

enum { ANSWERS_MAX = 500, ASK_MAX = 64 };

bool dns_list_parse(const char *text, struct arena *arena, struct dns_list *list, struct str *why)
{
    size_t length = strcspn(text, "=");

    *list = (struct dns_list){ .domain = arena_copy_bytes(arena, text, length) };
    if (text[length] == '\0')
        return true;
    list->filter = text + length + 1;
    list->domain_and_filter = text;
    return octet_pattern_parse(list->filter, &list->pattern, why);
}

static const struct dns_list_answer *find(const struct dns_list_memory *memory, const char *name)
{
    for (const struct dns_list_answer *answer = memory->answers; answer != NULL; answer = answer->next) {
        if (text_equal_nocase(answer->name, name))
            return answer;
    }
    return NULL;
}

static const struct dns_answer *remember(struct dns_list_memory *memory, const char *name, const struct dns_answer *a)
{
    struct dns_list_answer *answer = arena_allocate(memory->arena, sizeof(*answer));

    *answer = (struct dns_list_answer){ .name = arena_copy_text(memory->arena, name), .a = *a };
    bool is_known = a->outcome == DNS_FOUND || dns_is_absent(a->outcome);
    if (is_known && memory->count < ANSWERS_MAX) {
        answer->next = memory->answers;
        memory->answers = answer;
        memory->count++;
    }
    return &answer->a;
}

void dns_list_ask(struct dns_list_memory *memory, const char *const *names, size_t count)
{
    struct dns_question questions[ASK_MAX];
    size_t asked = 0;

    for (size_t i = 0; i < count && asked < ASK_MAX; i++) {
        bool repeated = find(memory, names[i]) != NULL;
        for (size_t j = 0; j < asked && !repeated; j++)
            repeated = text_equal_nocase(questions[j].name, names[i]);
        if (!repeated)
            questions[asked++] = (struct dns_question){ .name = names[i], .type = DNS_A };
    }
    if (asked < 2)
        return;
    dns_lookup_all(questions, asked, memory->arena);
    for (size_t i = 0; i < asked; i++)
        (void)remember(memory, questions[i].name, &questions[i].answer);
}

const struct dns_answer *dns_list_find(struct dns_list_memory *memory, const char *name)
{
    const struct dns_list_answer *known = find(memory, name);
    struct dns_answer answer;

    if (known != NULL)
        return &known->a;
    (void)dns_lookup(name, DNS_A, 0, memory->arena, &answer);
    return remember(memory, name, &answer);
}

bool dns_list_counts(const struct dns_list *list, const struct dns_answer *answer)
{
    if (answer->outcome != DNS_FOUND)
        return false;
    for (size_t i = 0; i < answer->count; i++) {
        if (list->filter == NULL || octet_pattern_matches(&list->pattern, answer->records[i].data))
            return true;
    }
    return false;
}

const char *dns_list_reverse(const char *address, struct arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    struct ip_address binary;

    if (!ip_address_parse(address, &binary))
        return NULL;
    if (binary.family == AF_INET)
        return arena_printf(arena, "%d.%d.%d.%d", binary.bytes[3], binary.bytes[2], binary.bytes[1], binary.bytes[0]);
    char *text = arena_allocate(arena, 64);
    for (int i = 0; i < 32; i++) {
        unsigned char byte = binary.bytes[15 - i / 2];
        text[2 * i] = digits[i % 2 == 0 ? byte & 15 : byte >> 4];
        text[2 * i + 1] = i == 31 ? '\0' : '.';
    }
    return text;
}
