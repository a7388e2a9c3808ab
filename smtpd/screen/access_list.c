#include "smtpd/screen/access_list.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/table/match_list.h"
#include "util/table/table.h"

enum { STEPS_MAX = 100 };

struct step {
    char *word;
    struct table *table; /* NULL: word is a command */
    bool is_slow;        /* a look-up may wait: it counts as failed */
};

struct access_list {
    struct match_list *mynetworks;
    struct step steps[STEPS_MAX];
    size_t count;
};

enum outcome { GO_ON, STOP_DUNNO, STOP_PERMIT, STOP_REJECT };

struct access_list *access_list_open(const struct config *config)
{
    struct access_list *list = memory_new(struct access_list);
    const char *cursor = config->postscreen_access_list;
    struct str word = {0};

    list->mynetworks = match_list_open(config, "mynetworks", config->mynetworks);
    while (brace_next_word(&cursor, TEXT_LIST_SEPARATORS, &word)) {
        if (list->count == STEPS_MAX)
            log_fatal("postscreen_access_list: more than %d elements", STEPS_MAX);
        struct step *step = &list->steps[list->count++];
        step->word = memory_copy_text(str_text(&word));
        if (strchr(step->word, ':') != NULL)
            step->table = table_open(config, step->word, TABLE_FOLD);
        step->is_slow = step->table != NULL && table_may_wait(step->table);
        if (step->is_slow)
            log_warning("postscreen_access_list: %s: one process screens all clients and can't wait for a server", step->word);
    }
    str_free(&word);
    return list;
}

void access_list_close(struct access_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        table_close(list->steps[i].table);
        free(list->steps[i].word);
    }
    match_list_close(list->mynetworks);
    free(list);
}

bool access_list_has_changed(struct access_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->steps[i].table != NULL && table_has_changed(list->steps[i].table))
            return true;
    }
    return match_list_has_changed(list->mynetworks);
}

static enum outcome apply(struct access_list *list, const char *where, const char *command, const char *address)
{
    if (text_equal_nocase(command, "permit_mynetworks"))
        return match_list_client(list->mynetworks, "", address) == TABLE_FOUND ? STOP_PERMIT : GO_ON;
    if (text_equal_nocase(command, "permit"))
        return STOP_PERMIT;
    if (text_equal_nocase(command, "reject"))
        return STOP_REJECT;
    if (text_equal_nocase(command, "dunno"))
        return STOP_DUNNO;
    log_warning("%s: unknown command: %s -- ignoring the remainder of this access list", where, command);
    return STOP_DUNNO;
}

static enum outcome look_up(struct access_list *list, const struct step *step, const char *address)
{
    struct str value = {0};
    enum outcome outcome = GO_ON;

    switch (step->is_slow ? TABLE_FAILED : table_find(step->table, address, &value)) {
    case TABLE_FOUND:
        outcome = apply(list, step->word, str_text(&value), address);
        break;
    case TABLE_ABSENT:
        break;
    case TABLE_FAILED:
        log_warning("postscreen_access_list: %s: table lookup error -- ignoring the remainder of this access list",
            step->word);
        outcome = STOP_DUNNO;
        break;
    }
    str_free(&value);
    return outcome;
}

enum access_list_answer access_list_find(struct access_list *list, const char *address)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct step *step = &list->steps[i];
        enum outcome outcome = step->table != NULL ? look_up(list, step, address)
                                                   : apply(list, "postscreen_access_list", step->word, address);
        switch (outcome) {
        case GO_ON:
            break;
        case STOP_DUNNO:
            return ACCESS_LIST_DUNNO;
        case STOP_PERMIT:
            return ACCESS_LIST_PERMIT;
        case STOP_REJECT:
            return ACCESS_LIST_REJECT;
        }
    }
    return ACCESS_LIST_DUNNO;
}
