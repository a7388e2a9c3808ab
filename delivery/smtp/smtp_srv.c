#include "delivery/smtp/smtp_srv.h"

static void swap(struct dns_record *records, size_t a, size_t b)
{
    struct dns_record moving = records[a];

    records[a] = records[b];
    records[b] = moving;
}

/* Insertion: stable, and the lists are short. Equal priorities: those without weight first, as the drawing wants it. */
static void sort(struct dns_record *records, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t at = i; at > 0; at--) {
            const struct dns_record *left = &records[at - 1];
            const struct dns_record *right = &records[at];
            if (left->preference < right->preference
                || (left->preference == right->preference && (left->weight == 0 || right->weight != 0)))
                break;
            swap(records, at - 1, at);
        }
    }
}

/* Draws one after the other; those that are left keep their order. */
static void draw(struct dns_record *records, size_t count, uint32_t (*random_below)(uint32_t bound))
{
    for (size_t taken = 0; taken + 1 < count; taken++) {
        uint32_t sum = 0; /* at most 200 records of 16 bits */
        for (size_t i = taken; i < count; i++)
            sum += records[i].weight;
        uint32_t wanted = random_below(sum + 1);
        uint32_t running = 0;
        size_t drawn = taken;
        for (; drawn + 1 < count; drawn++) {
            running += records[drawn].weight;
            if (running >= wanted)
                break;
        }
        for (size_t at = drawn; at > taken; at--)
            swap(records, at - 1, at);
    }
}

void smtp_srv_order(struct dns_record *records, size_t count, uint32_t (*random_below)(uint32_t bound))
{
    size_t start = 0;

    sort(records, count);
    while (start < count) {
        size_t end = start + 1;
        while (end < count && records[end].preference == records[start].preference)
            end++;
        draw(records + start, end - start, random_below);
        start = end;
    }
}

const char *smtp_srv_name(const char *service, const char *domain, struct arena *arena)
{
    return arena_printf(arena, "_%s._tcp.%s", service, domain);
}

size_t smtp_srv_drop_null(struct dns_record *records, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (records[i].name[0] != '\0')
            records[kept++] = records[i];
    }
    return kept;
}
