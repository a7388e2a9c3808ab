#include "smtpd/path.h"

#include <netinet/in.h>
#include <string.h>

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

/* Takes comments and the blanks around the address away. False: blanks or list separators within it, or comments where they are
 * not allowed. */
static bool strip(const char *text, bool comments, struct str *out)
{
    bool quoted = false;
    bool blank = false;
    int comment = 0;

    for (const char *at = text; *at != '\0'; at++) {
        bool escaped = *at == '\\' && at[1] != '\0';
        if (*at == '"' && comment == 0)
            quoted = !quoted;
        if (!quoted && *at == '(') {
            if (!comments)
                return false;
            comment++;
        } else if (!quoted && comment > 0 && *at == ')') {
            comment--;
        } else if (comment > 0) {
            at += escaped;
        } else if (!quoted && (*at == ' ' || *at == '\t')) {
            blank = out->length > 0;
        } else if (!quoted && (*at == ',' || *at == ';') && *text != '@' && !(*at == ';' && at[1] == '\0')) {
            return false;
        } else {
            if (blank)
                return false;
            str_put_bytes(out, at, escaped ? 2 : 1);
            at += escaped;
        }
    }
    return comment == 0;
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
    char last = internal[strlen(internal) - 1];
    if (last == '@')
        return config->resolve_null_domain;
    if (last == '%' || last == '!' || text_ends_with(internal, ".."))
        return false; /* rewriting would make a domain of it */
    rewrite_address(config, context, internal, &standard);
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
    if (strict && (word[0] != '<' || word[strlen(word) - 1] != '>' || word[1] == '<'))
        goto out;
    if (!take_brackets(word, &inside) || !strip(str_text(&inside), !strict, &address)
        || !address_unquote(without_route(str_text(&address)), internal))
        goto out;
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
