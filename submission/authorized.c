#include "submission/authorized.h"

#include <pwd.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/table/maps.h"
#include "util/table/match_list.h"

void authorized_check(const struct config *config, int exit_status)
{
    struct match_list *users =
        match_list_open(config, "authorized_submit_users", config->authorized_submit_users);
    uid_t uid = getuid();
    const struct passwd *entry = getpwuid(uid);
    const char *name = entry == NULL ? "unknown" : entry->pw_name;

    if (match_list_text(users, name) != TABLE_FOUND)
        log_fatal_status(exit_status, "User %s(%ld) is not allowed to submit mail", name, (long)uid);
    match_list_close(users);
}

static bool is_word(const char *text, const char *word, size_t length)
{
    return strlen(text) == length && strncasecmp(text, word, length) == 0;
}

/* sender: without an extension. */
static bool is_in_patterns(const struct config *config, const char *sender, const char *patterns)
{
    const char *domain = address_domain(sender);
    const char *word;
    size_t length;

    while (text_next_word(&patterns, TEXT_LIST_SEPARATORS, &word, &length)) {
        bool matches = *sender == '\0' ? is_word(config->empty_address_local_login_sender_maps_lookup_key, word, length)
            : *word == '@' && domain != NULL ? is_word(domain, word + 1, length - 1)
            : is_word(sender, word, length);
        if (matches || is_word("*", word, length))
            return true;
    }
    return false;
}

static void put_without_extension(const struct config *config, const char *sender, struct str *out)
{
    size_t length = address_local_length(sender);

    str_put_bytes(out, sender, address_user_length(sender, length, config->recipient_delimiter, config->owner_request_special));
    str_put(out, sender + length);
}

void authorized_check_sender(const struct config *config, const char *sender)
{
    long uid = (long)getuid();
    const struct passwd *entry = getpwuid((uid_t)uid);
    struct str login = {0};
    struct str bare = {0};
    struct str patterns = {0};

    if (text_equal(config->local_login_sender_maps, "static:*"))
        return; /* the default: everybody may be everyone */
    if (entry != NULL)
        str_put(&login, entry->pw_name);
    else
        str_printf(&login, "uid:%ld", uid);
    put_without_extension(config, sender, &bare);
    struct maps *maps = maps_open(config, "local_login_sender_maps", config->local_login_sender_maps, TABLE_FOLD);
    enum table_result found = maps_find(maps, str_text(&login), &patterns, NULL);
    if (found == TABLE_FAILED)
        log_fatal_status(75, "%s(%ld): local_login_sender_maps lookup error for sender='%s'", str_text(&login), uid, sender);
    if (found == TABLE_ABSENT || !is_in_patterns(config, str_text(&bare), str_text(&patterns)))
        log_fatal_status(75, "%s(%ld): not authorized to use sender='%s'", sender, uid, sender); /* Postfix's words */
    maps_close(maps);
    str_free(&login);
    str_free(&bare);
    str_free(&patterns);
}
