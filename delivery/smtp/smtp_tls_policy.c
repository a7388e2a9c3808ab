#include "delivery/smtp/smtp_tls_policy.h"

#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

static const struct {
    const char *word;
    enum smtp_tls_level level;
} levels[] = {
    { "none", SMTP_TLS_NONE },
    { "may", SMTP_TLS_MAY },
    { "encrypt", SMTP_TLS_ENCRYPT },
    { "dane", SMTP_TLS_DANE },
    { "dane-only", SMTP_TLS_DANE_ONLY },
    { "fingerprint", SMTP_TLS_FINGERPRINT },
    { "verify", SMTP_TLS_VERIFY },
    { "secure", SMTP_TLS_SECURE },
};

static enum smtp_tls_level level_of(const char *word)
{
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        if (text_equal_nocase(levels[i].word, word))
            return levels[i].level;
    }
    return SMTP_TLS_UNKNOWN;
}

static const char *level_word(enum smtp_tls_level level)
{
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        if (levels[i].level == level)
            return levels[i].word;
    }
    return "unknown";
}

void smtp_tls_policy_open(struct smtp_tls_rules *rules, const struct config *config, bool lmtp)
{
    *rules = (struct smtp_tls_rules){ .config = config, .lmtp = lmtp };
    if (*config->smtp_tls_security_level != '\0') {
        rules->level = level_of(config->smtp_tls_security_level);
        if (rules->level == SMTP_TLS_UNKNOWN)
            log_fatal("Invalid TLS level \"%s\"", config->smtp_tls_security_level);
    } else if (config->smtp_enforce_tls) {
        rules->level = config->smtp_tls_enforce_peername ? SMTP_TLS_VERIFY : SMTP_TLS_ENCRYPT;
    } else {
        rules->level = config->smtp_use_tls ? SMTP_TLS_MAY : SMTP_TLS_NONE;
    }
    rules->policies = maps_open(config, lmtp ? "lmtp_tls_policy_maps" : "smtp_tls_policy_maps",
        config->smtp_tls_policy_maps, TABLE_FOLD);
    rules->sites = maps_open(config, lmtp ? "lmtp_tls_per_site" : "smtp_tls_per_site", config->smtp_tls_per_site,
        TABLE_FOLD);
}

void smtp_tls_policy_close(struct smtp_tls_rules *rules)
{
    maps_close(rules->policies);
    maps_close(rules->sites);
}

bool smtp_tls_policy_may_encrypt(const struct smtp_tls_rules *rules)
{
    return rules->level > SMTP_TLS_NONE || !maps_is_empty(rules->policies) || !maps_is_empty(rules->sites);
}

/* --- one entry of smtp_tls_policy_maps --- */

/* What an entry says besides the level; NULL: nothing. */
struct attributes {
    const char *protocols;
    const char *ciphers;
    const char *exclude;
    const char *server_name;
    const char *reuse;
    const char *anchors;         /* of all tafile attributes */
    const char **match;
    size_t match_count;
};

struct reading {
    const char *where;           /* for complaints */
    enum smtp_tls_level level;
    struct arena *arena;
    struct attributes attributes;
};

static void add_words(struct arena *arena, const char *list, const char *separators, const char ***words, size_t *count)
{
    const char **grown = arena_allocate(arena, (*count + strlen(list) / 2 + 1) * sizeof(*grown));
    const char *word;
    size_t length;

    if (*count > 0)
        memcpy(grown, *words, *count * sizeof(*grown));
    while (text_next_word(&list, separators, &word, &length))
        grown[(*count)++] = arena_copy_bytes(arena, word, length);
    *words = grown;
}

static bool take_once(const struct reading *reading, const char *name, const char *value, const char **member)
{
    if (*member != NULL) {
        log_warning("%s: attribute \"%s\" is specified multiple times", reading->where, name);
        return false;
    }
    *member = value;
    return true;
}

static bool take_match(struct reading *reading, const char *value)
{
    struct attributes *attributes = &reading->attributes;

    if (reading->level < SMTP_TLS_FINGERPRINT) {
        log_warning("%s: attribute \"match\" invalid at security level \"%s\"", reading->where,
            level_word(reading->level));
        return false;
    }
    add_words(reading->arena, value, reading->level == SMTP_TLS_FINGERPRINT ? "|" : ":", &attributes->match,
        &attributes->match_count);
    return true;
}

static bool take_anchors(struct reading *reading, const char *value)
{
    struct attributes *attributes = &reading->attributes;

    if (reading->level < SMTP_TLS_VERIFY) {
        log_warning("%s: attribute \"tafile\" invalid at security level \"%s\"", reading->where, level_word(reading->level));
        return false;
    }
    attributes->anchors = attributes->anchors == NULL ? value
        : arena_printf(reading->arena, "%s %s", attributes->anchors, value);
    return true;
}

static bool take_attribute(struct reading *reading, const char *name, const char *value)
{
    /* What MTA-STS resolvers tell for reports (3.10); it changes nothing about the connection. */
    static const char *const for_reports[] = { "policy_type", "policy_domain", "policy_string", "policy_ttl",
        "policy_failure", "mx_host_pattern" };
    struct attributes *attributes = &reading->attributes;

    for (size_t i = 0; i < COUNT_OF(for_reports); i++) {
        if (text_equal_nocase(name, for_reports[i]))
            return true;
    }
    if (*value == '\0') {
        log_warning("%s: attribute \"%s\" has empty value", reading->where, name);
        return false;
    }
    if (reading->level == SMTP_TLS_NONE) {
        log_warning("%s: attribute \"%s\" invalid at security level \"none\"", reading->where, name);
        return false;
    }
    if (text_equal_nocase(name, "ciphers"))
        return take_once(reading, "ciphers", value, &attributes->ciphers);
    if (text_equal_nocase(name, "protocols"))
        return take_once(reading, "protocols", value, &attributes->protocols);
    if (text_equal_nocase(name, "exclude"))
        return take_once(reading, "exclude", value, &attributes->exclude);
    if (text_equal_nocase(name, "servername"))
        return take_once(reading, "servername", value, &attributes->server_name);
    if (text_equal_nocase(name, "connection_reuse"))
        return take_once(reading, "connection_reuse", value, &attributes->reuse);
    if (text_equal_nocase(name, "match"))
        return take_match(reading, value);
    if (text_equal_nocase(name, "tafile"))
        return take_anchors(reading, value);
    log_warning("%s: invalid attribute name: \"%s\"", reading->where, name);
    return false;
}

static bool read_entry(struct reading *reading, const char *value)
{
    const char *word;
    size_t length;

    if (!text_next_word(&value, TEXT_LIST_SEPARATORS, &word, &length)) {
        log_warning("%s: invalid empty policy", reading->where);
        return false;
    }
    const char *text = arena_copy_bytes(reading->arena, word, length);
    reading->level = level_of(text);
    if (reading->level == SMTP_TLS_UNKNOWN) {
        log_warning("%s: invalid security level \"%s\"", reading->where, text);
        return false;
    }
    while (text_next_word_braced(&value, TEXT_LIST_SEPARATORS, &word, &length)) {
        char *name = arena_copy_bytes(reading->arena, word, length);
        if (*name == '{') { /* { name = value with blanks } */
            name[length - 1] = '\0';
            name += 1 + strspn(name + 1, " \t");
        }
        char *equals = strchr(name, '=');
        if (equals == NULL) {
            log_warning("%s: malformed attribute/value pair \"%s\"", reading->where, name);
            return false;
        }
        char *after = equals + 1 + strspn(equals + 1, " \t");
        while (equals > name && (equals[-1] == ' ' || equals[-1] == '\t'))
            equals--;
        *equals = '\0';
        if (!take_attribute(reading, name, after))
            return false;
    }
    return true;
}

/* The next hop as written, then, if it is a bare domain, its parents with a dot in front: of all tables, servers too. */
static enum table_result find_entry(const struct smtp_tls_rules *rules, const char *next_hop, struct str *value)
{
    const char *key = next_hop;

    if (rules->lmtp && text_starts_with(key, "inet:"))
        key += sizeof("inet:") - 1;
    else if (rules->lmtp && text_starts_with(key, "unix:"))
        key += sizeof("unix:") - 1;
    enum table_result result = maps_find(rules->policies, key, value, NULL);
    if (strpbrk(key, "[]:/") != NULL)
        return result;
    while (result == TABLE_ABSENT && (key = strchr(key + 1, '.')) != NULL)
        result = maps_find(rules->policies, key, value, NULL);
    return result;
}

/* --- smtp_tls_per_site --- */

/* what: the key, for the complaint. */
static bool take_site(const struct smtp_tls_rules *rules, const char *what, const char *key, enum smtp_tls_level *level)
{
    struct str value = {0};
    enum table_result result = maps_find(rules->sites, key, &value, NULL);
    const char *word = str_text(&value);
    bool good = result != TABLE_FAILED;

    if (result == TABLE_FOUND) {
        if (text_equal_nocase(word, "NONE")) {
            if (*level <= SMTP_TLS_MAY)
                *level = SMTP_TLS_NONE;
        } else if (text_equal_nocase(word, "MAY")) {
            if (*level == SMTP_TLS_UNKNOWN)
                *level = SMTP_TLS_MAY;
        } else if (text_equal_nocase(word, "MUST_NOPEERMATCH")) {
            if (*level < SMTP_TLS_ENCRYPT)
                *level = SMTP_TLS_ENCRYPT;
        } else if (text_equal_nocase(word, "MUST")) {
            *level = SMTP_TLS_VERIFY;
        } else {
            log_warning("%s_tls_per_site: unknown TLS policy '%s' for %s %s", rules->lmtp ? "lmtp" : "smtp", word,
                what, key);
            good = false;
        }
    }
    str_free(&value);
    return good;
}

static bool find_site(const struct smtp_tls_rules *rules, const char *host, const char *server,
    enum smtp_tls_level *level)
{
    enum smtp_tls_level site = SMTP_TLS_UNKNOWN;

    *level = rules->level;
    if (!take_site(rules, "next-hop destination", host, &site)
        || (!text_equal_nocase(host, server) && !take_site(rules, "server hostname", server, &site)))
        return false;
    if (site != SMTP_TLS_UNKNOWN && !(site == SMTP_TLS_MAY && rules->level > SMTP_TLS_MAY))
        *level = site;
    return true;
}

/* --- the whole --- */

/* Words of match lists stand for names of this destination. */
static void resolve_names(const char **match, size_t count, const char *host, const char *server, struct arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal_nocase(match[i], "hostname"))
            match[i] = server;
        else if (text_equal_nocase(match[i], "nexthop"))
            match[i] = host;
        else if (text_equal_nocase(match[i], "dot-nexthop"))
            match[i] = arena_printf(arena, ".%s", host);
    }
}

static bool set_match(const struct smtp_tls_rules *rules, struct reading *reading, const char *host, const char *server,
    struct smtp_tls_policy *policy)
{
    const struct config *config = rules->config;
    struct attributes *attributes = &reading->attributes;
    bool by_fingerprint = policy->level == SMTP_TLS_FINGERPRINT;

    if (policy->level < SMTP_TLS_FINGERPRINT)
        return true;
    if (attributes->match_count == 0)
        add_words(reading->arena, by_fingerprint ? config->smtp_tls_fingerprint_cert_match
                : policy->level == SMTP_TLS_VERIFY ? config->smtp_tls_verify_cert_match
                    : config->smtp_tls_secure_cert_match,
            by_fingerprint ? ", \t\r\n|" : ", \t\r\n:", &attributes->match, &attributes->match_count);
    if (!by_fingerprint)
        resolve_names(attributes->match, attributes->match_count, host, server, reading->arena);
    policy->match = attributes->match;
    policy->match_count = attributes->match_count;
    if (policy->match_count > 0)
        return true;
    if (by_fingerprint)
        log_warning("nexthop domain %s: configured at fingerprint security level, but with no fingerprints to match.",
            host);
    else
        log_warning("nexthop domain %s: configured at %s security level, but with no match patterns", host,
            level_word(policy->level));
    return false;
}

static void set_ciphers(const struct smtp_tls_rules *rules, const struct attributes *attributes,
    struct smtp_tls_policy *policy)
{
    const struct config *config = rules->config;
    bool must = policy->level >= SMTP_TLS_ENCRYPT;

    policy->protocols = must ? config->smtp_tls_mandatory_protocols : config->smtp_tls_protocols;
    policy->ciphers = must ? config->smtp_tls_mandatory_ciphers : config->smtp_tls_ciphers;
    if (attributes->protocols != NULL)
        policy->protocols = attributes->protocols;
    if (attributes->ciphers != NULL)
        policy->ciphers = attributes->ciphers;
    size_t count = 0;
    if (attributes->exclude != NULL) {
        policy->exclude[count++] = attributes->exclude;
    } else {
        policy->exclude[count++] = config->smtp_tls_exclude_ciphers;
        if (must)
            policy->exclude[count++] = config->smtp_tls_mandatory_exclude_ciphers;
    }
    if (must) /* encryption is a must: neither without it nor, where it counts, with a stranger */
        policy->exclude[count++] = policy->level > SMTP_TLS_ENCRYPT ? "aNULL" : "eNULL";
    policy->exclude[count] = NULL;
}

/* DANE isn't built yet: the lower level that Postfix falls back to without DNSSEC, or none at all. */
static bool settle_dane(struct smtp_tls_rules *rules, const char *host, struct smtp_tls_policy *policy)
{
    if (policy->level != SMTP_TLS_DANE && policy->level != SMTP_TLS_DANE_ONLY)
        return true;
    const char *word = level_word(policy->level);
    if (!text_equal_nocase(rules->config->smtp_dns_support_level, "dnssec"))
        log_warning("%s: %s configured with dnssec lookups disabled", host, word);
    else if (!rules->dane_was_warned_of)
        log_warning("%s: TLS level %s isn't available in this version%s", host, word,
            policy->level == SMTP_TLS_DANE ? ": using may" : "");
    rules->dane_was_warned_of = true;
    if (policy->level == SMTP_TLS_DANE_ONLY)
        return false;
    policy->level = SMTP_TLS_MAY;
    return true;
}

static bool find_level(struct smtp_tls_rules *rules, struct reading *reading, const char *next_hop, const char *host,
    const char *server)
{
    struct str value = {0};
    bool good = true;

    reading->level = rules->level;
    if (maps_is_empty(rules->policies))
        return find_site(rules, host, server, &reading->level);
    reading->where = arena_printf(reading->arena, "%s_tls_policy_maps, next-hop destination \"%s\"",
        rules->lmtp ? "lmtp" : "smtp", next_hop);
    enum table_result result = find_entry(rules, next_hop, &value);
    if (result == TABLE_FOUND)
        good = read_entry(reading, arena_copy_text(reading->arena, str_text(&value)));
    else if (result == TABLE_FAILED)
        log_warning("%s: policy table lookup error", reading->where);
    good = good && result != TABLE_FAILED; /* nothing weaker may decide in its stead */
    str_free(&value);
    return good;
}

bool smtp_tls_policy_find(struct smtp_tls_rules *rules, const char *next_hop, const char *host, const char *server,
    struct arena *arena, struct smtp_tls_policy *policy)
{
    const struct config *config = rules->config;
    struct reading reading = { .arena = arena };

    *policy = (struct smtp_tls_policy){ .level = SMTP_TLS_NONE, .server_name = "", .anchors = "" };
    bool good = find_level(rules, &reading, next_hop, host, server);
    policy->level = reading.level;
    good = good && settle_dane(rules, host, policy) && set_match(rules, &reading, host, server, policy);
    if (!good) {
        log_warning("TLS policy lookup for %s/%s: client TLS configuration problem", next_hop, server);
        return false;
    }
    set_ciphers(rules, &reading.attributes, policy);
    if (policy->level >= SMTP_TLS_VERIFY)
        policy->anchors = reading.attributes.anchors == NULL ? config->smtp_tls_trust_anchor_file : reading.attributes.anchors;
    const char *name = reading.attributes.server_name == NULL ? config->smtp_tls_servername
        : reading.attributes.server_name;
    policy->server_name = text_equal_nocase(name, "hostname") ? server
        : text_equal_nocase(name, "nexthop") ? host : name;
    policy->reuse = reading.attributes.reuse == NULL ? config->smtp_tls_connection_reuse
                                                     : text_equal_nocase(reading.attributes.reuse, "yes");
    return true;
}
