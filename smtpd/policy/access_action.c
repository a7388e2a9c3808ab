#include "smtpd/policy/access_action.h"

#include <string.h>

#include "smtpd/policy/policy_probe.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

/* One entry at work. */
struct entry {
    struct evaluation *evaluation;
    const char *table;
    const char *key;
    const char *text; /* behind the action's name, blanks skipped */
    const struct subject *subject;
};

/* Takes an enhanced status code off the text's start; with none, the default. */
static const char *split_status(const char *text, const char *otherwise, char status[12])
{
    size_t length = strspn(text, "0123456789.");
    size_t dots = 0;

    for (size_t i = 0; i < length; i++)
        dots += text[i] == '.';
    bool valid = length >= 5 && length < 12 && dots == 2 && strchr("245", text[0]) != NULL && text[1] == '.'
                 && text[length - 1] != '.' && (text[length] == '\0' || text_is_space(text[length]));
    if (!valid) {
        memcpy(status, otherwise, strlen(otherwise) + 1);
        return text;
    }
    memcpy(status, text, length);
    status[length] = '\0';
    text += length;
    return text + strspn(text, " \t\r\n");
}

static enum decision reject_with(const struct entry *entry, int code, const char *status, const char *otherwise)
{
    char own_status[12];
    const char *text = split_status(entry->text, status, own_status);

    enum decision decision =
        evaluation_reject(entry->evaluation, code, own_status, entry->subject, *text == '\0' ? otherwise : text);
    if (decision == DECISION_REJECT && (code == 521 || code == 421))
        entry->evaluation->result->ends_session = true;
    return decision;
}

static enum decision act_reject(const struct entry *entry)
{
    return reject_with(entry, (int)entry->evaluation->policy->config->access_map_reject_code, "5.7.1", "Access denied");
}

static enum decision act_defer(const struct entry *entry)
{
    return reject_with(entry, (int)entry->evaluation->policy->config->access_map_defer_code, "4.7.1", "Access denied");
}

static enum decision act_defer_if_permit(const struct entry *entry)
{
    char status[12];
    const char *text = split_status(entry->text, "4.7.1", status);

    evaluation_defer_if_permit(entry->evaluation, (int)entry->evaluation->policy->config->access_map_defer_code, status,
        entry->subject, *text == '\0' ? "Service unavailable" : text);
    return DECISION_DUNNO;
}

static enum decision act_defer_if_reject(const struct entry *entry)
{
    char status[12];
    const char *text = split_status(entry->text, "4.7.1", status);

    evaluation_defer_if_reject(entry->evaluation, (int)entry->evaluation->policy->config->access_map_defer_code, status,
        entry->subject, *text == '\0' ? "Service unavailable" : text);
    return DECISION_DUNNO;
}

/* "<name>: Sender address <rest>", as the log has it. */
static const char *about(const struct entry *entry, const char *rest)
{
    return arena_printf(entry->evaluation->arena, "<%s>: %s %s", entry->subject->name,
        evaluation_class_name(entry->subject->class), rest);
}

static const char *triggers(const struct entry *entry, const char *action)
{
    return about(entry, arena_printf(entry->evaluation->arena, "triggers %s %s", action, entry->text));
}

static enum decision act_ok(const struct entry *entry)
{
    return DECISION_PERMIT;
}

static enum decision act_dunno(const struct entry *entry)
{
    return DECISION_DUNNO;
}

static enum decision act_warn(const struct entry *entry)
{
    evaluation_note(entry->evaluation, POLICY_NOTE_WARN, entry->text, NULL);
    return DECISION_DUNNO;
}

static enum decision act_info(const struct entry *entry)
{
    evaluation_note(entry->evaluation, POLICY_NOTE_INFO, entry->text, NULL);
    return DECISION_DUNNO;
}

/* Message actions where there is no message of ours: client and HELO restrictions with smtpd_delay_reject = no, ETRN, and what a
 * filter before the queue gets. */
static bool has_no_message(const struct entry *entry, const char *action)
{
    enum policy_stage stage = entry->evaluation->facts->stage;

    if (*entry->evaluation->policy->config->smtpd_proxy_filter != '\0') {
        log_warning("access table %s: with smtpd_proxy_filter specified, action %s is unavailable", entry->table, action);
        return true;
    }
    if (stage == POLICY_ETRN)
        log_warning("access table %s: action %s is unavailable in smtpd_etrn_restrictions", entry->table, action);
    if (stage != POLICY_CONNECT && stage != POLICY_HELO)
        return stage == POLICY_ETRN || stage == POLICY_VRFY;
    log_warning("access table %s: with smtpd_delay_reject=no, action %s is always skipped in Client host or Helo command "
                "restrictions", entry->table, action);
    return true;
}

static enum decision act_hold(const struct entry *entry)
{
    if (!has_no_message(entry, "HOLD"))
        evaluation_note(entry->evaluation, POLICY_NOTE_HOLD,
            about(entry, *entry->text == '\0' ? "triggers HOLD action" : entry->text), NULL);
    return DECISION_DUNNO;
}

static enum decision act_discard(const struct entry *entry)
{
    if (has_no_message(entry, "DISCARD"))
        return DECISION_DUNNO;
    evaluation_note(entry->evaluation, POLICY_NOTE_DISCARD,
        about(entry, *entry->text == '\0' ? "triggers DISCARD action" : entry->text), NULL);
    entry->evaluation->discarded = true; /* behind warn_if_reject, too */
    return DECISION_PERMIT;
}

static enum decision act_filter(const struct entry *entry)
{
    if (has_no_message(entry, "FILTER"))
        return DECISION_DUNNO;
    if (*entry->text == '\0')
        log_warning("access table %s entry \"%s\" has FILTER entry without value", entry->table, entry->key);
    else if (strchr(entry->text, ':') == NULL)
        log_warning("access table %s entry \"%s\" requires transport:destination", entry->table, entry->key);
    else
        evaluation_note(entry->evaluation, POLICY_NOTE_FILTER, triggers(entry, "FILTER"), entry->text);
    return DECISION_DUNNO;
}

static bool is_target(const struct entry *entry)
{
    if (strchr(entry->text, '@') != NULL)
        return true;
    log_warning("access table %s entry \"%s\" requires user@domain target", entry->table, entry->key);
    return false;
}

static enum decision act_redirect(const struct entry *entry)
{
    if (!has_no_message(entry, "REDIRECT") && is_target(entry))
        evaluation_note(entry->evaluation, POLICY_NOTE_REDIRECT, triggers(entry, "REDIRECT"), entry->text);
    return DECISION_DUNNO;
}

static enum decision act_bcc(const struct entry *entry)
{
    if (!has_no_message(entry, "BCC") && is_target(entry))
        evaluation_note(entry->evaluation, POLICY_NOTE_BCC, triggers(entry, "BCC"), entry->text);
    return DECISION_DUNNO;
}

static bool is_header(const char *text)
{
    size_t length = strcspn(text, ": \t");

    return length > 0 && text[length] == ':' && text[length + 1] != '\0';
}

static enum decision act_prepend(const struct entry *entry)
{
    enum policy_stage stage = entry->evaluation->facts->stage;

    if (stage == POLICY_VRFY || stage < POLICY_MAIL) /* there is no message yet, and Postfix says nothing about it */
        return DECISION_DUNNO;
    if (stage == POLICY_ETRN)
        log_warning("access table %s: with smtpd_delay_reject=no, action PREPEND is always skipped in Client host or Helo "
                    "command restrictions", entry->table);
    else if (stage == POLICY_END_OF_MESSAGE)
        log_warning("access table %s: action PREPEND must be used before smtpd_end_of_data_restrictions", entry->table);
    else if (!is_header(entry->text))
        log_warning("access table %s entry \"%s\" requires header: text", entry->table, entry->key);
    else
        evaluation_note(entry->evaluation, POLICY_NOTE_PREPEND, "", entry->text);
    return DECISION_DUNNO;
}

static const struct {
    const char *name;
    enum decision (*act)(const struct entry *entry);
} actions[] = {
    { "OK", act_ok },
    { "RELAY", act_ok },
    { "DUNNO", act_dunno },
    { "REJECT", act_reject },
    { "DEFER", act_defer },
    { "DEFER_IF_PERMIT", act_defer_if_permit },
    { "DEFER_IF_REJECT", act_defer_if_reject },
    { "WARN", act_warn },
    { "INFO", act_info },
    { "HOLD", act_hold },
    { "DISCARD", act_discard },
    { "FILTER", act_filter },
    { "REDIRECT", act_redirect },
    { "BCC", act_bcc },
    { "PREPEND", act_prepend },
};

/* "550 text": true, with the code. */
static bool is_reply(const char *action, int *code)
{
    if ((action[0] != '4' && action[0] != '5') || !text_is_digit(action[1]) || !text_is_digit(action[2])
        || !text_is_space(action[3]))
        return false;
    *code = (action[0] - '0') * 100 + (action[1] - '0') * 10 + (action[2] - '0');
    return true;
}

/* The action's name came alone from a table that knows none of ours: a restriction, a class, or a list of them. */
static enum decision walk_restrictions(const struct entry *entry, const char *action)
{
    struct evaluation *evaluation = entry->evaluation;

    if (evaluation->entry_depth >= EVALUATION_MAX_ENTRY_DEPTH) {
        log_warning("access table %s entry %s causes unreasonable recursion", entry->table, action);
        return evaluation_server_error(evaluation);
    }
    const struct restriction_list *list =
        restriction_list_parse_action(&evaluation->policy->parser, evaluation->arena, entry->table, action,
            evaluation->context);

    const struct subject outer = evaluation->subject;
    evaluation->subject = *entry->subject; /* replies are about what was looked up */
    evaluation->entry_depth++;
    enum decision decision = list == NULL ? evaluation_server_error(evaluation) : evaluation_walk(evaluation, list);
    evaluation->entry_depth--;
    evaluation->subject = outer;
    return decision;
}

enum decision access_action_apply(struct evaluation *evaluation, const char *source, const char *key, const char *action,
    const struct subject *subject)
{
    size_t length = strcspn(action, " \t\r\n");
    const char *name = arena_copy_bytes(evaluation->arena, action, length);
    struct entry entry = { .evaluation = evaluation, .table = source, .key = key,
        .text = action + length + strspn(action + length, " \t\r\n"), .subject = subject };
    int code;

    if (evaluation->facts->probe != NULL)
        evaluation->facts->probe->answered(evaluation->facts->probe->context, entry.table, key, action);
    if (*action == '\0') {
        log_warning("access table %s entry %s has empty value", source, action);
        return DECISION_PERMIT;
    }
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        if (!text_equal_nocase(actions[i].name, name))
            continue;
        enum decision decision = actions[i].act(&entry);
        if (decision == DECISION_PERMIT && actions[i].act == act_ok)
            evaluation_note_permit(evaluation, "OK", subject, arena_printf(evaluation->arena, "from %s", source));
        return decision;
    }
    if (is_reply(action, &code))
        return reject_with(&entry, code, code < 500 ? "4.7.1" : "5.7.1", "Access denied");
    if (text_is_digits(action))
        return DECISION_PERMIT; /* a table made for something else, such as relay-before-POP */
    return walk_restrictions(&entry, action);
}

enum decision access_action_fail(struct evaluation *evaluation, const struct subject *subject)
{
    return evaluation_reject(evaluation, 451, "4.3.5", subject, "Server configuration error");
}
