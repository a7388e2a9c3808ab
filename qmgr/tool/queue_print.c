#include "qmgr/tool/queue_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/base/text.h"
#include "util/mail/address.h"

static void put_json_text(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        static const char special[] = "\b\f\n\r\t\"\\";
        static const char letter[] = "bfnrt\"\\";
        const char *at = strchr(special, *text);
        if (at != NULL)
            printf("\\%c", letter[at - special]);
        else if ((unsigned char)*text < ' ' || *text == 0x7F)
            printf("\\u%04x", (unsigned)(unsigned char)*text);
        else
            putchar(*text);
    }
    putchar('"');
}

static const char *shown(const char *address, struct str *buffer)
{
    if (*address == '\0')
        return "MAILER-DAEMON";
    str_clear(buffer);
    address_quote(address, buffer);
    return str_text(buffer);
}

static const char *queue_mark(const char *queue)
{
    return text_equal(queue, "active") ? "*" : text_equal(queue, "hold") ? "!" : "";
}

static void put_text_entry(struct queue_print *print, const char *queue, const char *queue_id, int64_t arrival_s,
    uint64_t size_bytes, bool forced_expire, const char *sender)
{
    struct str id = {0};
    struct str safe = {0};
    char date[32] = "";
    time_t arrival = (time_t)arrival_s;
    struct tm parts;

    if (print->count == 0)
        printf(print->long_ids ? "%-17s %8s %-19s %s\n" : "%-10s  %8s %-20s %s\n",
            print->long_ids ? "----Queue ID-----" : "-Queue ID-", "--Size--",
            print->long_ids ? "---Arrival Time----" : "----Arrival Time----",
            print->long_ids ? "--Sender/Recipient------" : "-Sender/Recipient-------");
    if (localtime_r(&arrival, &parts) != NULL)
        (void)strftime(date, sizeof(date), "%a %b %e %H:%M:%S", &parts); /* "" if it can't be shown */
    str_printf(&id, "%s%s%s", queue_id, queue_mark(queue), forced_expire ? "#" : "");
    text_put_printable(&safe, sender, strlen(sender), '?', true);
    printf(print->long_ids ? "%-17s %8llu %-19s %s\n" : "%-11s %8llu %-20s %s\n", str_text(&id),
        (unsigned long long)size_bytes, date, str_text(&safe));
    str_free(&id);
    str_free(&safe);
}

void queue_print_entry(struct queue_print *print, const char *queue, const char *queue_id, int64_t arrival_s,
    uint64_t size_bytes, bool forced_expire, const char *sender)
{
    struct str buffer = {0};

    if (print->json) {
        printf("{\"queue_name\": \"%s\", \"queue_id\": \"%s\", \"arrival_time\": %lld, \"message_size\": %llu, "
               "\"forced_expire\": %s, \"sender\": ",
            queue, queue_id, (long long)arrival_s, (unsigned long long)size_bytes, forced_expire ? "true" : "false");
        put_json_text(shown(sender, &buffer));
        printf(", \"recipients\": [");
    } else {
        put_text_entry(print, queue, queue_id, arrival_s, size_bytes, forced_expire, shown(sender, &buffer));
    }
    print->has_recipients = false;
    print->last_why = NULL;
    print->count++;
    print->size_bytes += size_bytes;
    str_free(&buffer);
}

static void put_text_recipient(struct queue_print *print, const char *address, const char *why)
{
    struct str safe = {0};

    if (*why == '\0' && print->last_why != NULL) /* others of this message have one */
        why = "reason unavailable";
    if (*why != '\0' && (print->last_why == NULL || !text_equal(print->last_why, why))) {
        text_put_printable(&safe, why, strlen(why), '?', true);
        int indent = safe.length < 76 ? (int)(76 - safe.length) : 0;
        printf("%*s(%s)\n", indent, "", str_text(&safe));
        free((char *)(uintptr_t)print->last_why);
        print->last_why = memory_copy_text(why);
        str_clear(&safe);
    }
    text_put_printable(&safe, address, strlen(address), '?', true);
    printf("%*s%s\n", print->long_ids ? 47 : 41, "", str_text(&safe));
    str_free(&safe);
}

void queue_print_recipient(struct queue_print *print, const char *address, const char *why)
{
    struct str buffer = {0};
    const char *text = shown(address, &buffer);

    if (print->json) {
        printf("%s{\"address\": ", print->has_recipients ? ", " : "");
        put_json_text(text);
        if (*why != '\0') {
            printf(", \"delay_reason\": ");
            put_json_text(why);
        }
        putchar('}');
    } else {
        put_text_recipient(print, text, why);
    }
    print->has_recipients = true;
    str_free(&buffer);
}

void queue_print_entry_end(struct queue_print *print)
{
    if (print->json)
        printf("]}\n");
    else
        putchar('\n');
    free((char *)(uintptr_t)print->last_why);
    print->last_why = NULL;
}

void queue_print_end(struct queue_print *print)
{
    if (print->json)
        return;
    if (print->count == 0)
        printf("Mail queue is empty\n");
    else
        printf("-- %llu Kbytes in %llu Request%s.\n", (unsigned long long)(print->size_bytes / 1024),
            (unsigned long long)print->count, print->count == 1 ? "" : "s");
}
