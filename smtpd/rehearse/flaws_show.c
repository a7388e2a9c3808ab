#include "smtpd/rehearse/flaws_show.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "qmgr/intake/milter/milter_settings.h"
#include "smtpd/policy/policy_flaws.h"
#include "smtpd/rehearse/view.h"
#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/config_dictionary.h"
#include "util/log/log.h"
#include "util/table/table.h"

enum { PATIENCE_S = 20, FLAWS = 3 };

struct seen {
    const char *line;
    struct seen *next;
};

struct examination {
    struct arena *arena;
    const struct config *main_cf;
    const struct master_cf_entry *entry; /* whose view it is */
    const char *wanted;                  /* a name whose place is looked for */
    int line;
    struct seen *seen; /* services share most of their parameters: each flaw is told once */
};

static void compare_name(void *context, const char *name, const char *value, enum config_origin origin, int line)
{
    struct examination *examination = context;

    if (text_equal(name, examination->wanted))
        examination->line = line;
}

/* "main.cf, line 7: " */
static const char *place_of(struct examination *examination, const char *parameter)
{
    const struct master_cf_entry *entry = examination->entry;

    for (size_t i = 0; i < entry->override_count; i++) {
        if (text_equal(entry->overrides[i].name, parameter))
            return arena_printf(examination->arena, "master.cf, line %d", entry->line);
    }
    examination->wanted = parameter;
    examination->line = 0;
    config_dictionary_each(examination->main_cf->dictionary, compare_name, examination);
    return examination->line == 0 ? "main.cf" : arena_printf(examination->arena, "main.cf, line %d", examination->line);
}

static void tell(void *context, const char *parameter, const char *text)
{
    struct examination *examination = context;
    const char *line = arena_printf(examination->arena, "%s: %s: %s", place_of(examination, parameter), parameter, text);

    for (const struct seen *each = examination->seen; each != NULL; each = each->next) {
        if (text_equal(each->line, line))
            return;
    }
    struct seen *seen = arena_allocate(examination->arena, sizeof(*seen));
    *seen = (struct seen){ line, examination->seen };
    examination->seen = seen;
    (void)printf("%s\n", line); /* flaws_show checks the stream */
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(word, words[i]))
            return true;
    }
    return false;
}

static void examine_milters(struct examination *examination, const struct config *config, const char *parameter,
    const char *list)
{
    static const char *const actions[] = { "accept", "reject", "tempfail", "quarantine", "shutdown" };
    const struct milter_settings *settings = milter_settings_parse(config, list, examination->arena);

    for (; settings != NULL; settings = settings->next) {
        if (settings->flaw != NULL)
            tell(examination, parameter, *settings->flaw != '\0' ? settings->flaw
                : arena_printf(examination->arena, "%s: bad setting", settings->endpoint));
        else if (!is_one_of(settings->default_action, actions, COUNT_OF(actions)))
            tell(examination, parameter, arena_printf(examination->arena, "%s: unrecognized default action: %s",
                settings->endpoint, settings->default_action));
    }
}

static void examine_words(struct examination *examination, const char *parameter, const char *list)
{
    static const char *const known[] = { "no_unknown_recipient_checks", "no_address_mappings", "no_header_body_checks",
        "no_milters" };
    const char *word;
    size_t length;

    while (text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length)) {
        const char *one = arena_copy_bytes(examination->arena, word, length);
        if (!is_one_of(one, known, COUNT_OF(known)))
            tell(examination, parameter, arena_printf(examination->arena, "unknown value \"%s\"", one));
    }
}

static void examine_macro_defaults(struct examination *examination, const char *list)
{
    struct str word = {0};

    while (brace_next_word(&list, TEXT_LIST_SEPARATORS, &word)) {
        if (strchr(str_text(&word), '=') == NULL)
            tell(examination, "milter_macro_defaults",
                arena_printf(examination->arena, "missing '=' after attribute name in \"%s\"", str_text(&word)));
    }
    str_free(&word);
}

static void examine_smtpd(struct examination *examination, const struct master_cf *master_cf)
{
    struct view view;
    struct str why = {0};

    if (view_open(&view, master_cf, examination->entry, NULL, 0, examination->arena, &why)) {
        policy_flaws(view.policy, tell, examination);
        examine_milters(examination, view.config, "smtpd_milters", view.config->smtpd_milters);
        examine_milters(examination, view.config, "non_smtpd_milters", view.config->non_smtpd_milters);
        examine_macro_defaults(examination, view.config->milter_macro_defaults);
        examine_words(examination, "receive_override_options", view.config->receive_override_options);
    }
    view_close(&view);
    str_free(&why); /* check of parameters reports it */
}

/* One process screens all clients: a table that waits for a server would keep them all waiting. */
static void examine_postscreen(struct examination *examination, const struct master_cf *master_cf)
{
    struct config *config = NULL;
    struct str word = {0};
    struct str why = {0};

    if (view_load(master_cf, examination->entry, examination->entry->fields[MASTER_CF_SERVICE], "postscreen", NULL, 0,
            examination->arena, &config, &why)) {
        const char *cursor = config->postscreen_access_list;
        while (brace_next_word(&cursor, TEXT_LIST_SEPARATORS, &word)) {
            if (strchr(str_text(&word), ':') == NULL)
                continue;
            struct table *table = table_open(config, str_text(&word), TABLE_QUIET);
            if (table_may_wait(table))
                tell(examination, "postscreen_access_list", arena_printf(examination->arena,
                    "%s: not usable here: postscreen can't wait for a server", str_text(&word)));
            table_close(table);
        }
        config_free(config);
    }
    str_free(&word);
    str_free(&why); /* as above */
}

int flaws_show(int argc, char **argv)
{
    struct examination examination = { .arena = arena_new() };
    struct master_cf *master_cf;
    struct config *config;
    struct str why = {0};

    (void)alarm(PATIENCE_S); /* a table that hangs shall not keep the check from ending */
    if (!config_load(NULL, NULL, 0, NULL, &config, &why)
        || !master_cf_load(config->config_directory, master_cf_chroot_default(config), NULL, NULL, &master_cf, &why))
        log_fatal("%s", str_text(&why));
    examination.main_cf = config;
    if (chdir(config->queue_directory) != 0)
        log_debug("chdir %s: %m", config->queue_directory); /* it may not exist yet; few tables have relative names */
    for (size_t i = 0; i < master_cf->count; i++) {
        examination.entry = &master_cf->entries[i];
        const char *program = examination.entry->fields[MASTER_CF_COMMAND];
        if (text_equal(program, "smtpd"))
            examine_smtpd(&examination, master_cf);
        else if (text_equal(program, "postscreen"))
            examine_postscreen(&examination, master_cf);
    }
    int status = examination.seen == NULL ? 0 : FLAWS;
    config_free(config);
    master_cf_free(master_cf);
    arena_free(examination.arena);
    if (fflush(stdout) != 0)
        log_fatal("write: %m");
    return status;
}
