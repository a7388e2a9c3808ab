#include "util/config/config_check.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/expand.h"

/* What any program of Postfix checks when it starts, found out by trying; in alphabetical order. */
static const char *const global_names[] = {
    "address_verify_negative_cache", "address_verify_service_name", "application_event_drain_time",
    "backwards_bounce_logfile_compatibility", "berkeley_db_create_buffer_size", "berkeley_db_read_buffer_size",
    "bounce_service_name", "cleanup_service_name", "command_directory", "compatibility_level", "daemon_directory",
    "daemon_table_open_error_is_fatal", "daemon_timeout", "data_directory", "debug_peer_level",
    "default_database_type", "default_privs", "default_process_limit", "default_verp_delimiters",
    "defer_service_name", "delay_logging_resolution_limit", "deliver_lock_attempts", "deliver_lock_delay",
    "disable_dns_lookups", "disable_mime_input_processing", "disable_mime_output_conversion",
    "dns_ncache_ttl_fix_enable", "dont_remove", "double_bounce_sender", "enable_idna2003_compatibility",
    "enable_long_queue_ids", "enable_original_recipient", "error_service_name", "fault_injection_code",
    "flush_service_name", "fork_attempts", "fork_delay", "hash_queue_depth", "hash_queue_names",
    "header_address_token_limit", "header_size_limit", "helpful_warnings", "in_flow_delay", "inet_interfaces",
    "inet_protocols", "info_log_address_format", "ipc_idle", "ipc_timeout", "ipc_ttl", "line_length_limit",
    "lmdb_map_size", "mail_name", "mail_owner", "mail_release_date", "mail_version", "maillog_file",
    "maillog_file_compressor", "maillog_file_prefixes", "maillog_file_rotate_suffix", "max_idle", "max_use",
    "message_size_limit", "meta_directory", "mime_boundary_length_limit", "mime_nesting_limit",
    "multi_instance_enable", "mydomain", "myhostname", "mynetworks_style", "myorigin", "ok",
    "owner_request_special", "pickup_service_name", "postlog_service_name", "process_id_directory",
    "proxymap_service_name", "proxywrite_service_name", "queue_directory", "queue_service_name",
    "respectful_logging", "rewrite_service_name", "send_cyrus_sasl_authzid", "setgid_group", "shlib_directory",
    "showq_service_name", "smtputf8_autodetect_classes", "smtputf8_enable", "soft_bounce", "stale_lock_time",
    "strict_7bit_headers", "strict_8bitmime", "strict_8bitmime_body", "strict_mime_encoding_domain",
    "strict_smtputf8", "syslog_facility", "syslog_name", "tcp_windowsize", "trace_service_name", "trigger_timeout",
    "verp_delimiter_filter",
};

static int compare_names(const void *key, const void *element)
{
    return strcmp(key, *(const char *const *)element);
}

bool config_check_counts(const struct parameter *parameter, const char *program)
{
    if (program == NULL)
        return false;
    return parameter_is_read_by(parameter, program)
        || bsearch(parameter->name, global_names, COUNT_OF(global_names), sizeof(global_names[0]), compare_names) != NULL;
}

/* Every word of text must be one of words. */
static bool check_words(const char *what, const char *words, const char *text, struct str *why)
{
    const char *cursor = text;
    const char *word;
    const char *one;
    size_t length;
    size_t one_length;

    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length)) {
        const char *rest = words;
        bool found = false;
        while (!found && text_next_word(&rest, " ", &one, &one_length))
            found = one_length == length && strncasecmp(one, word, length) == 0;
        if (!found) {
            str_clear(why);
            str_printf(why, "unknown %s value \"%.*s\" in \"%s\"", what, (int)length, word, text);
            return false;
        }
    }
    return true;
}

bool config_check_text(const struct parameter *parameter, const char *text, struct str *why)
{
    long level;

    if (text_equal(parameter->name, "inet_protocols"))
        return check_words("inet_protocols", "all ipv4 ipv6", text, why);
    if (text_equal(parameter->name, "mynetworks_style"))
        return check_words("mynetworks mask style", "class subnet host", text, why);
    if (text_equal(parameter->name, "smtpd_tls_security_level"))
        return check_words(parameter->name, "none may encrypt fingerprint verify secure dane dane-only half-dane", text, why);
    if (text_ends_with(parameter->name, "_security_options") && strstr(parameter->name, "_sasl_") != NULL)
        return check_words(parameter->name, "noplaintext noactive nodictionary noanonymous forward_secrecy mutual_auth", text, why);
    if (text_equal(parameter->name, "compatibility_level") && !expand_parse_level(text, &level)) {
        str_clear(why);
        str_printf(why, "malformed compatibility level syntax: \"%s\"", text);
        return false;
    }
    return true;
}

static bool bad(struct str *why, const char *main_cf, const char *name, const char *what, const char *value)
{
    str_clear(why);
    str_printf(why, "file %s: parameter %s: %s%s", main_cf, name, what, value);
    return false;
}

static bool check_user(const char *main_cf, const char *name, const char *value, struct str *why)
{
    struct str what = { 0 };
    const struct passwd *user = getpwnam(value);

    if (user == NULL)
        return bad(why, main_cf, name, "unknown user name value: ", value);
    if (user->pw_uid != 0 && user->pw_gid != 0)
        return true;
    str_printf(&what, "user %s has privileged %s ID", value, user->pw_uid == 0 ? "user" : "group");
    (void)bad(why, main_cf, name, str_text(&what), "");
    str_free(&what);
    return false;
}

static bool check_group(const char *main_cf, const char *name, const char *value, struct str *why)
{
    struct str what = { 0 };
    const struct group *group = getgrnam(value);

    if (group == NULL)
        return bad(why, main_cf, name, "unknown group name: ", value);
    if (group->gr_gid != 0)
        return true;
    str_printf(&what, "group %s has privileged group ID", value);
    (void)bad(why, main_cf, name, str_text(&what), "");
    str_free(&what);
    return false;
}

bool config_check_users(const struct config *config, const char *main_cf, const char *program, struct str *why)
{
    if (program == NULL || geteuid() != 0)
        return true;
    return check_user(main_cf, "mail_owner", config->mail_owner, why)
        && check_user(main_cf, "default_privs", config->default_privs, why)
        && check_group(main_cf, "setgid_group", config->setgid_group, why);
}
