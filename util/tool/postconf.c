/* postconf: shows and changes main.cf and master.cf. postconf(1). */
#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/base/text.h"
#include "util/config/main_cf.h"
#include "util/log/log.h"
#include "util/table/table_types.h"
#include "util/tool/postconf_edit.h"
#include "util/tool/postconf_main_cf.h"
#include "util/tool/postconf_master_cf.h"
#include "util/tool/postconf_state.h"

#define OPTIONS "+aAbc:C:deEfFhHlmMno:pPqtT:vxX#"

/* Letters of which at most one may be given. */
static const char *const exclusive[] = { "AabFlMmPptT", "denX#", "do", "feX#", "xeX#", "oeX#", "hHeX#" };

/* What goes together with the letters that choose something else than main.cf. */
static const struct { char mode; const char *allowed; } modes[] = {
    { 'A', "" }, { 'a', "" }, { 'b', "" }, { 'l', "" }, { 'm', "" }, { 't', "" }, { 'T', "" },
    { 'F', "efhHoqx" }, { 'M', "efoqxX#" }, { 'P', "efhHoqxX" },
};

/* In the order in which messages name them. */
static const char order[] = "aAbdefFhHlmMnopPqtTxX#";

static _Noreturn void usage(void)
{
    log_fatal("usage: postconf"
              " [-a (server SASL types)] [-A (client SASL types)] [-b (bounce templates)] [-c config_dir]"
              " [-c param_class] [-d (parameter defaults)] [-e (edit configuration)] [-f (fold lines)]"
              " [-F (master.cf fields)] [-h (no names)] [-H (no values)] [-l (lock types)] [-m (map types)]"
              " [-M (master.cf)] [-n (non-default parameters)] [-o name=value (override parameter value)]"
              " [-p (main.cf, default)] [-P (master.cf parameters)] [-q (no warnings)] [-t (bounce templates)]"
              " [-T compile-version|run-version|public-key-algorithms] [-v (verbose)]"
              " [-x (expand parameter values)] [-X (exclude)] [-# (comment-out)] [name...]");
}

static void take_class(struct postconf *postconf, const char *list)
{
    static const struct { const char *name; unsigned class; } classes[] = {
        { "builtin", POSTCONF_BUILTIN }, { "service", POSTCONF_SERVICE }, { "user", POSTCONF_USER },
        { "all", POSTCONF_ALL },
    };
    const char *cursor = list;
    const char *word;
    size_t length;

    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length)) {
        size_t i = 0;
        while (i < COUNT_OF(classes)
            && (strlen(classes[i].name) != length || strncasecmp(classes[i].name, word, length) != 0))
            i++;
        if (i == COUNT_OF(classes))
            log_fatal("unknown -C option value \"%.*s\" in \"%s\"", (int)length, word, list);
        postconf->classes |= classes[i].class;
    }
}

/* Only noted: what is wrong with the letters is said first. */
static void take_override(struct postconf *postconf, const char *text)
{
    postconf->overrides = memory_resize(postconf->overrides, postconf->override_count + 1, sizeof(*postconf->overrides));
    postconf->overrides[postconf->override_count++] = (struct config_override){ .name = text };
}

static void split_overrides(struct postconf *postconf)
{
    for (size_t i = 0; i < postconf->override_count; i++) {
        const char *text = postconf->overrides[i].name;
        char *name;
        char *value;
        const char *problem = main_cf_split(arena_copy_text(postconf->arena, text), &name, &value);
        if (problem != NULL)
            log_fatal("invalid parameter override: %s: %s", text, problem);
        postconf->overrides[i] = (struct config_override){ name, value };
    }
}

static const char *parse_options(struct postconf *postconf, int argc, char **argv)
{
    const char *tls_mode = NULL;
    int option;

    while ((option = getopt(argc, argv, OPTIONS)) > 0) {
        if (option == '?')
            usage();
        postconf->options[option] = true;
        if (postconf->options['b'] && postconf->options['t'])
            log_fatal("specify one of -b and -t");
        if (option == 'c')
            postconf->directory = optarg;
        else if (option == 'C')
            take_class(postconf, optarg);
        else if (option == 'o')
            take_override(postconf, optarg);
        else if (option == 'T')
            tls_mode = optarg;
    }
    postconf->names = argv + optind;
    postconf->name_count = (size_t)(argc - optind);
    return tls_mode;
}

static void check_exclusive(const struct postconf *postconf, const char *letters)
{
    struct str found = { 0 };

    for (const char *letter = order; *letter != '\0'; letter++) {
        if (postconf->options[(unsigned char)*letter] && strchr(letters, *letter) != NULL)
            str_printf(&found, " -%c", *letter);
    }
    if (found.length > strlen(" -x"))
        log_fatal("specify one of%s", str_text(&found));
    str_free(&found);
}

static void check_mode(const struct postconf *postconf, char mode, const char *allowed)
{
    struct str found = { 0 };

    for (const char *letter = order; *letter != '\0'; letter++) {
        if (postconf->options[(unsigned char)*letter] && *letter != mode && strchr(allowed, *letter) == NULL)
            str_printf(&found, " -%c", *letter);
    }
    if (found.length > 0)
        log_fatal("with option -%c, do not specify%s", mode, str_text(&found));
    str_free(&found);
}

static void check_options(const struct postconf *postconf)
{
    for (size_t i = 0; i < COUNT_OF(exclusive); i++)
        check_exclusive(postconf, exclusive[i]);
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        if (postconf->options[(unsigned char)modes[i].mode])
            check_mode(postconf, modes[i].mode, modes[i].allowed);
    }
}

static void show_lines(const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)puts(lines[i]); /* finish checks standard output */
}

static _Noreturn void refuse_tls_mode(const char *mode)
{
    log_warning("unknown 'postconf -T' mode: %s", mode);
    exit(1);
}

static void show_tls(const char *mode)
{
    if (text_equal(mode, "compile-version"))
        (void)puts(OPENSSL_VERSION_TEXT); /* finish checks standard output */
    else if (text_equal(mode, "run-version"))
        (void)puts(OpenSSL_version(OPENSSL_VERSION)); /* the same */
    else if (text_equal(mode, "public-key-algorithms"))
        (void)puts("dsa\necdsa\nrsa"); /* the same */
    else
        refuse_tls_mode(mode);
}

static void show_table(void *context, const char *name)
{
    (void)puts(name); /* finish checks standard output */
}

/* main.cf says where modules lie; one that can't be read leaves what is built in. */
static void show_tables(const struct postconf *postconf)
{
    struct config *config = NULL;
    struct str why = {0};

    if (!config_load(postconf->directory, postconf->overrides, postconf->override_count, NULL, &config, &why))
        config = NULL;
    table_types_list(config, show_table, NULL);
    config_free(config);
    str_free(&why);
}

/* The bounce service knows its templates; it shows them and ends. */
static _Noreturn void show_templates(const struct postconf *postconf, const char *option)
{
    struct config *config;
    struct str why = {0};

    if (setenv("MAIL_CONFIG", postconf->directory, 1) != 0)
        memory_exhausted();
    if (!config_load(postconf->directory, postconf->overrides, postconf->override_count, NULL, &config, &why))
        log_fatal("%s", str_text(&why));
    const char *path = arena_printf(postconf->arena, "%s/bounce", config->daemon_directory);
    execl(path, "bounce", option, postconf->name_count > 0 ? postconf->names[0] : NULL, (char *)NULL);
    log_fatal("execute %s: %m", path);
}

/* Lists of what was built in. False: something else was asked for. */
static bool show_list(const struct postconf *postconf, const char *tls_mode)
{
    static const char *const server_types[] = { "cyrus", "dovecot" };
    static const char *const client_types[] = { "cyrus" };
    static const char *const locks[] = { "flock", "fcntl", "dotlock" };

    if (postconf->options['a'])
        show_lines(server_types, COUNT_OF(server_types));
    else if (postconf->options['A'])
        show_lines(client_types, COUNT_OF(client_types));
    else if (postconf->options['l'])
        show_lines(locks, COUNT_OF(locks));
    else if (postconf->options['m'])
        show_tables(postconf);
    else if (postconf->options['T'])
        show_tls(tls_mode);
    else if (postconf->options['b'] || postconf->options['t'])
        show_templates(postconf, postconf->options['b'] ? "-b" : "-t");
    else
        return false;
    return true;
}

static char mode_of(const struct postconf *postconf)
{
    static const char letters[] = "MFP";

    for (const char *mode = letters; *mode != '\0'; mode++) {
        if (postconf->options[(unsigned char)*mode])
            return *mode;
    }
    return '\0';
}

static void edit(struct postconf *postconf, char mode)
{
    char action = postconf->options['X'] ? 'X' : postconf->options['#'] ? '#' : 'e';

    if (postconf->name_count == 0)
        log_fatal(action == 'e' ? "-e requires name=value argument" : "missing service argument");
    if (mode == '\0')
        postconf_edit_main_cf(postconf, action);
    else
        postconf_edit_master_cf(postconf, mode, action);
}

static void show(struct postconf *postconf, char mode)
{
    postconf_state_load(postconf, mode != '\0');
    if (mode == '\0')
        postconf_main_cf_show(postconf);
    else
        postconf_master_cf_show(postconf, mode);
    if (fflush(stdout) != 0)
        log_fatal("write error: %m");
    if (!postconf->options['d'] && !postconf->options['q'])
        postconf_state_warn_unused(postconf, mode == '\0');
}

static void find_files(struct postconf *postconf)
{
    if (postconf->directory == NULL)
        postconf->directory = getenv("MAIL_CONFIG");
    postconf->directory_was_given = postconf->directory != NULL;
    if (postconf->directory == NULL)
        postconf->directory = CONFIG_DIRECTORY;
    postconf->main_cf = arena_printf(postconf->arena, "%s/main.cf", postconf->directory);
    postconf->master_cf_file = arena_printf(postconf->arena, "%s/master.cf", postconf->directory);
}

int main(int argc, char **argv)
{
    struct postconf postconf = { .arena = arena_new() };

    log_open("postfix", "postconf");
    log_to_stderr(true);
    log_without_syslog();
    const char *tls_mode = parse_options(&postconf, argc, argv);
    char mode = mode_of(&postconf);
    /* An argument name=value changes the file, with or without -e. */
    if (postconf.name_count > 0 && strchr(postconf.names[0], '=') != NULL)
        postconf.options['e'] = true;
    check_options(&postconf);
    split_overrides(&postconf);
    find_files(&postconf);
    if (!postconf.options['C'])
        postconf.classes = POSTCONF_ALL;
    if (postconf.options['e'] || postconf.options['X'] || postconf.options['#'])
        edit(&postconf, mode);
    else if (!show_list(&postconf, tls_mode))
        show(&postconf, mode);
    free(postconf.overrides);
    postconf_state_free(&postconf);
    if (fflush(stdout) != 0)
        log_fatal("write error: %m");
    return 0;
}
