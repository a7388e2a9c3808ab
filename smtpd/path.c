#include "smtpd/path.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/net/host_name.h"
#include "util/net/idn.h"

enum path_result path_take(const char **cursor, struct str *word)
{
    const char *at = *cursor + strspn(*cursor, " \t");
    const char *start = at;
    bool quoted = false;
    int brackets = 0;

    for (; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (*at == '<')
            brackets++;
        else if (*at == '>' && brackets > 0)
            brackets--;
        else if (brackets == 0 && (*at == ' ' || *at == '\t'))
            break;
    }
    str_clear(word);
    str_put_bytes(word, start, (size_t)(at - start));
    *cursor = at;
    return quoted || brackets > 0 ? PATH_UNBALANCED : PATH_OK;
}

/* What stands in the brackets: from behind the last '<' to the first '>'. False: something else follows. */
static bool take_brackets(const char *word, struct str *inside)
{
    const char *start = word;
    const char *end = NULL;
    bool quoted = false;

    for (const char *at = word; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (*at == '<' && end == NULL)
            start = at + 1;
        else if (*at == '>' && end == NULL)
            end = at;
    }
    if (end == NULL)
        end = word + strlen(word);
    str_put_bytes(inside, start, (size_t)(end - start));
    bool is_null = end == start && *end == '>';
    return is_null || end[strspn(end, ">")] == '\0';
}

static bool is_special(char c)
{
    return c != '\0' && strchr("<>@,;:.%!)]", c) != NULL;
}

/* Each of these looks at one piece of an address and returns where the next one begins. */

static const char *skip_comment(const char *at)
{
    int depth = 0;

    for (; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '(')
            depth++;
        else if (*at == ')' && --depth == 0)
            return at + 1;
    }
    return at;
}

/* A quoted string, or a domain literal; a literal that isn't closed ends with the address. */
static const char *put_enclosed(const char *at, char end, struct str *out)
{
    do {
        if (*at == '\\' && at[1] != '\0')
            str_put_char(out, *at++);
        str_put_char(out, *at++);
    } while (*at != '\0' && *at != end);
    str_put_char(out, end);
    return *at == '\0' ? at : at + 1;
}

static const char *put_word(const char *at, struct str *out)
{
    while (*at != '\0' && !is_special(*at) && strchr(" \t\"([", *at) == NULL) {
        if (*at == '\\' && at[1] != '\0')
            str_put_char(out, *at++);
        str_put_char(out, *at++);
    }
    return at;
}

/* Takes comments and blanks away. False: words without a separator between them, lists of addresses, or comments where they are not
 * allowed. */
static bool strip(const char *text, bool comments, struct str *out)
{
    bool after_word = false;
    const char *at = text + strspn(text, " \t");
    bool is_route = *at == '@';

    while (*at != '\0') {
        if (*at == '(') {
            if (!comments)
                return false;
            at = skip_comment(at);
        } else if (is_special(*at)) {
            if ((*at == ',' || *at == ';') && !is_route && !(*at == ';' && at[1] == '\0'))
                return false;
            str_put_char(out, *at++);
            after_word = false;
        } else {
            if (after_word)
                return false;
            at = *at == '"' ? put_enclosed(at, '"', out) : *at == '[' ? put_enclosed(at, ']', out) : put_word(at, out);
            after_word = true;
        }
        at += strspn(at, " \t");
    }
    return true;
}

/* "@a,@b:c@d" is c@d (RFC 5321 section 4.1.2: ignore source routes). "group:;" is nobody. */
static const char *without_route(const char *address)
{
    if (address[0] == '@') {
        const char *colon = strrchr(address, ':');
        const char *at = colon == NULL ? NULL : strpbrk(address + 1, "[");
        if (colon != NULL && (at == NULL || at > colon))
            return colon + 1;
    }
    return text_ends_with(address, ":;") ? address + strlen(address) : address;
}

static bool domain_is_possible(const struct config *config, const char *domain, bool utf8)
{
    unsigned numeric = config->resolve_numeric_domain ? HOST_NAME_NUMERIC_TOO : 0u;
    struct str name = {0};
    size_t length = strlen(domain);
    bool possible;

    if (length > 1 && domain[length - 1] == '.')
        length--;
    str_put_bytes(&name, domain, length);
    if (domain[0] == '[') {
        char address[INET6_ADDRSTRLEN];
        const char *previous = log_set_service("trivial-rewrite"); /* whose complaint it is, as log readers know it */
        possible = host_name_take_literal(str_text(&name), HOST_NAME_GRIPE, address, sizeof(address));
        log_set_service(previous);
    } else if (text_is_ascii(domain)) {
        possible = host_name_is_valid(str_text(&name), HOST_NAME_SILENT | numeric);
    } else {
        struct str ascii = {0};
        possible = utf8 && idn_to_ascii(str_text(&name), &ascii) && host_name_is_valid(str_text(&ascii), HOST_NAME_SILENT);
        str_free(&ascii);
    }
    str_free(&name);
    return possible;
}

/* Judged in the form that routing will see: user%domain and domain!user count as user@domain. */
static bool is_deliverable_syntax(const struct config *config, enum rewrite_context context, const char *internal,
    bool utf8)
{
    struct str standard = {0};

    if (*internal == '\0')
        return true;
    size_t length = strlen(internal);
    char last = internal[length - 1];
    if (last == '@' && config->resolve_null_domain)
        return true;
    if (last == '@' && (length == 1 || strcspn(internal, "@%!") == length - 1))
        return false;
    if (last == '%' || text_ends_with(internal, ".."))
        return false; /* rewriting would make a domain of it */
    char *address = memory_copy_bytes(internal, length - (last == '@'));
    rewrite_address(config, context, address, &standard);
    free(address);
    const char *domain = address_domain(str_text(&standard));
    bool possible = (*str_text(&standard) != '-' || config->allow_min_user)
        && (domain == NULL || domain_is_possible(config, domain, utf8));
    str_free(&standard);
    return possible;
}

enum path_result path_parse(const struct config *config, enum rewrite_context context, const char *word, bool strict,
    bool utf8, struct str *internal)
{
    struct str inside = {0};
    struct str address = {0};
    enum path_result result = PATH_BAD;

    str_clear(internal);
    if (strict && (word[0] != '<' || word[strlen(word) - 1] != '>'))
        goto out;
    if (!take_brackets(word, &inside) || (strict && inside.length != strlen(word) - 2)
        || !strip(str_text(&inside), !strict, &address)
        || !address_unquote(without_route(str_text(&address)), internal))
        goto out;
    bool routed = str_text(&address)[0] == '@';
    if (strict && (str_text(internal)[0] == '@' || (routed && strstr(str_text(&address), ":@") != NULL)))
        goto out; /* nobody at a domain, or a route within a route */
    bool unicode_allowed = config->smtputf8_enable && (utf8 || !config->strict_smtputf8);
    if (!is_deliverable_syntax(config, context, str_text(internal), config->smtputf8_enable && utf8))
        goto out;
    result = PATH_OK;
    if (!unicode_allowed && config->smtputf8_enable && !text_is_ascii(str_text(internal)))
        result = PATH_NEEDS_UTF8;
out:
    str_free(&inside);
    str_free(&address);
    return result;
}
