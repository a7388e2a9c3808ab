#include "util/tool/map_command.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/base/fold.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/table/table_types.h"
#include "util/tool/command_config.h"
#include "util/tool/message_keys.h"

struct options {
    const struct map_program *program;
    const struct config *config;
    const char *directory;
    const char *query;
    const char *removal;
    bool list;
    bool incremental;
    bool keep_root;     /* -o */
    bool default_mode;  /* -p */
    bool no_fold;       /* -f */
    bool file_values;   /* -F */
    bool no_utf8;       /* -u */
    bool force_utf8;    /* -U */
    bool header;
    bool body;
    bool mime;
    bool replace;
    bool silent;
    unsigned nul_flags; /* -N, -n */
};

_Noreturn static void usage(const struct map_program *program)
{
    log_fatal("usage: %s %s", program->name, program->usage);
}

static void take_option(struct options *options, int option, const char *argument)
{
    switch (option) {
    case 'b': options->body = true; break;
    case 'c': options->directory = argument; break;
    case 'd':
        if (options->list || options->query != NULL || options->removal != NULL)
            log_fatal("specify only one of -s -q or -d");
        options->removal = argument;
        break;
    case 'f': options->no_fold = true; break;
    case 'F': options->file_values = true; break;
    case 'h': options->header = true; break;
    case 'i': options->incremental = true; break;
    case 'm': options->mime = true; break;
    case 'N': options->nul_flags = TABLE_KEYS_WITH_NUL; break;
    case 'n': options->nul_flags = TABLE_KEYS_WITHOUT_NUL; break;
    case 'o': options->keep_root = true; break;
    case 'p': options->default_mode = true; break;
    case 'q':
        if (options->list || options->query != NULL || options->removal != NULL)
            log_fatal("specify only one of -s -q or -d");
        options->query = argument;
        break;
    case 'r': options->replace = true; options->silent = false; break;
    case 's':
        if (options->query != NULL || options->removal != NULL)
            log_fatal("specify only one of -s or -q or -d");
        options->list = true;
        break;
    case 'u': options->no_utf8 = true; break;
    case 'U': options->force_utf8 = true; break;
    case 'v': log_set_debug(log_debug_level() + 1); break;
    case 'w': options->silent = true; options->replace = false; break;
    default: usage(options->program);
    }
}

static void check_options(struct options *options)
{
    bool from_stdin = options->query != NULL && text_equal(options->query, "-");

    if ((options->header || options->body || options->mime) && !from_stdin)
        log_fatal("specify -b -h or -m only with \"-q -\"");
    if (options->mime && !options->header && !options->body)
        log_warning("ignoring -m option without -b or -h");
    /* Message content may be in any character set. */
    if ((options->header || options->body) && !options->force_utf8)
        options->no_utf8 = true;
}

static unsigned table_flags(const struct options *options)
{
    return TABLE_QUIET | TABLE_PROXY | options->nul_flags | (options->no_fold ? 0 : TABLE_FOLD) | (options->no_utf8 ? 0 : TABLE_UTF8)
        | (options->file_values ? TABLE_FILE_VALUES : 0) | (options->replace ? TABLE_REPLACE : 0)
        | (options->silent ? TABLE_NO_DUPLICATE_WARNING : 0);
}

/* "name" alone is a table of the default type. To be freed. */
static char *full_name(const struct options *options, const char *argument)
{
    struct str name = {0};

    if (strchr(argument, ':') == NULL)
        str_printf(&name, "%s:", options->config->default_database_type);
    str_put(&name, argument);
    return str_take(&name);
}

/* Tables are opened when they are needed first: an earlier one may have all the answers. */
struct tables {
    const struct options *options;
    char **argument;
    size_t count;
    struct table **table;
    unsigned flags;
};

static struct table *table_at(struct tables *tables, size_t index)
{
    if (tables->table[index] == NULL) {
        char *name = full_name(tables->options, tables->argument[index]);
        tables->table[index] = table_open(tables->options->config, name, tables->flags);
        free(name);
        const char *why = table_why_unavailable(tables->table[index]);
        if (why != NULL)
            log_fatal("%s", why);
    }
    return tables->table[index];
}

static void tables_start(struct tables *tables, const struct options *options, int count, char **arguments, unsigned flags)
{
    *tables = (struct tables){ .options = options, .argument = arguments, .count = (size_t)count, .flags = flags };
    tables->table = memory_zeroed((size_t)count + 1, sizeof(struct table *));
}

static void tables_stop(struct tables *tables)
{
    struct str why = {0};

    for (size_t i = 0; i < tables->count; i++) {
        if (tables->table[i] != NULL && (tables->flags & TABLE_WRITE) && !table_commit(tables->table[i], &why))
            log_fatal("%s", str_text(&why));
        table_close(tables->table[i]);
    }
    free(tables->table);
    str_free(&why);
}

static void complain_of_empty_value(const struct table *table, const char *key)
{
    log_warning("table %s: key %s: empty string result is not allowed", table_name(table), key);
    log_warning("table %s should return NO RESULT in case of NOT FOUND", table_name(table));
}

/* proxymap says no: that isn't about the query. */
static void fail_if_not_approved(const struct str *why)
{
    if (strstr(str_text(why), " service is not configured for table ") != NULL)
        log_fatal("%s", str_text(why));
}

/* The first table that has the key. */
static bool find_one(struct tables *tables, const char *key, struct str *value)
{
    for (size_t i = 0; i < tables->count; i++) {
        struct table *table = table_at(tables, i);
        enum table_result result = table_find(table, key, value);
        if (result == TABLE_FAILED)
            fail_if_not_approved(value);
        if (result == TABLE_FAILED)
            log_fatal("table %s: query error%s%s", table_data_name(table), value->length > 0 ? ": " : "", str_text(value));
        if (result == TABLE_ABSENT)
            continue;
        if (value->length == 0)
            complain_of_empty_value(table, key);
        return true;
    }
    return false;
}

static void check_output(void)
{
    if (fflush(stdout) != 0)
        log_fatal("write error: %s", strerror(errno));
}

struct query {
    struct tables *tables;
    bool found;
    struct str value;
};

static void query_key(void *context, const char *key)
{
    struct query *query = context;

    if (!find_one(query->tables, key, &query->value))
        return;
    query->found = true;
    printf("%s%s%s\n", key, query->tables->options->program->separator, str_text(&query->value));
}

/* Calls each with every line of standard input. */
static void each_input_line(void (*each)(void *context, const char *line), void *context)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;

    while ((length = getline(&line, &room, stdin)) >= 0) {
        if (length > 0 && line[length - 1] == '\n')
            line[length - 1] = '\0';
        each(context, line);
        if (ferror(stdout))
            break;
    }
    free(line);
}

static int run_query(const struct options *options, int count, char **arguments)
{
    struct tables tables;
    struct query query = { .tables = &tables };

    tables_start(&tables, options, count, arguments, table_flags(options));
    if (!text_equal(options->query, "-")) {
        query.found = find_one(&tables, options->query, &query.value);
        if (query.found)
            printf("%s\n", str_text(&query.value));
    } else if (options->header || options->body) {
        struct message_keys keys = { .headers = options->header, .body = options->body, .mime = options->mime,
            .each = query_key, .context = &query };
        message_keys_read(&keys, stdin);
    } else {
        each_input_line(query_key, &query);
    }
    check_output();
    tables_stop(&tables);
    str_free(&query.value);
    return query.found ? 0 : 1;
}

static void remove_key(void *context, const char *key)
{
    struct query *query = context;

    for (size_t i = 0; i < query->tables->count; i++) {
        struct table *table = table_at(query->tables, i);
        enum table_result result = table_remove(table, key, &query->value);
        if (result == TABLE_FAILED)
            fail_if_not_approved(&query->value);
        if (result == TABLE_FAILED)
            log_fatal("table %s: %s", table_name(table), str_text(&query->value));
        if (result == TABLE_FOUND)
            query->found = true;
        /* What is done stays done if the next table can't be opened. */
        if (result == TABLE_FOUND && !table_commit(table, &query->value))
            log_fatal("%s", str_text(&query->value));
    }
}

static int run_removal(const struct options *options, int count, char **arguments)
{
    struct tables tables;
    struct query query = { .tables = &tables };

    tables_start(&tables, options, count, arguments, table_flags(options) | TABLE_WRITE);
    if (text_equal(options->removal, "-"))
        each_input_line(remove_key, &query);
    else
        remove_key(&query, options->removal);
    tables_stop(&tables);
    str_free(&query.value);
    return query.found ? 0 : 1;
}

static void list_one(const struct options *options, const char *argument)
{
    char *name = full_name(options, argument);
    if (text_starts_with(name, "proxy:"))
        log_fatal("can't sequence maps via the proxy service");
    struct table *table = table_open(options->config, name, table_flags(options));
    const char *why = table_why_unavailable(table);
    struct str key = {0};
    struct str value = {0};
    enum table_result result;

    if (why != NULL)
        log_fatal("%s", why);
    for (bool first = true; (result = table_next(table, first, &key, &value)) == TABLE_FOUND; first = false) {
        if (key.length == 0)
            log_warning("table %s: empty lookup key value is not allowed", table_name(table));
        else if (value.length == 0)
            complain_of_empty_value(table, str_text(&key));
        printf("%s%s%s\n", str_text(&key), options->program->separator, str_text(&value));
    }
    check_output();
    if (result == TABLE_FAILED)
        log_fatal("table %s: %s", table_name(table), str_text(&value));
    table_close(table);
    str_free(&key);
    str_free(&value);
    free(name);
}

/* Rights and mode of a new table follow its source file. */
static void become_like_source(const struct options *options, const struct stat *source)
{
    mode_t mask = 022;

    if (S_ISREG(source->st_mode) && !options->default_mode && !options->incremental)
        mask |= ~source->st_mode & 077;
    (void)umask(mask);
    if (options->keep_root || geteuid() != 0 || source->st_uid == 0)
        return;
    if (setgroups(1, &source->st_gid) < 0 || setegid(source->st_gid) < 0 || seteuid(source->st_uid) < 0)
        log_fatal("set privileges to uid %ld: %s", (long)source->st_uid, strerror(errno));
}

static void become_root_again(void)
{
    gid_t group = getgid();

    if (getuid() != 0 || geteuid() == 0)
        return;
    if (seteuid(0) < 0 || setegid(group) < 0 || setgroups(1, &group) < 0)
        log_fatal("set privileges back to root: %s", strerror(errno));
}

/* Whether a table of that type can be made here; ends the process if not. */
static void check_type(const struct options *options, const char *name)
{
    char *type = memory_copy_bytes(name, strcspn(name, ":"));
    const struct table_type *found = table_types_find(options->config, type);

    if (text_equal(type, "proxy") && !options->incremental)
        log_fatal("can't create maps via the proxy service");
    if (found == NULL && !text_equal(type, "proxy"))
        log_fatal("unsupported dictionary type: %s. Is the postfix-%s package installed?", type, type);
    if (found == NULL || !found->can_build)
        log_fatal("unsupported dictionary type: %s does not support bulk-mode creation.", type);
    free(type);
}

/* An update is done whole. */
static void postpone_signals(sigset_t *before)
{
    sigset_t signals;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGQUIT);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &signals, before); /* can't fail with these arguments */
}

static void read_source(const struct options *options, struct map_target *target, struct source *source)
{
    struct str line = {0};
    bool check_utf8 = !options->no_utf8 && options->config->smtputf8_enable;

    while (source_next(source, &line)) {
        const char *text = str_text(&line);
        unsigned number = source_line_number(source);
        if (check_utf8 && !text_is_utf8(text, strlen(text)))
            log_warning("%s, line %u: non-UTF-8 input \"%s\" -- ignoring this line", target->source_name, number, text);
        else
            options->program->put_line(target, number, text);
    }
    if (!source_is_good(source))
        log_fatal("read %s: %s", target->source_name, strerror(errno));
    str_free(&line);
}

static void make_one(const struct options *options, const char *argument)
{
    char *name = full_name(options, argument);
    const char *path = strchr(name, ':') + 1;

    struct stat status = {0};
    struct source *source = options->incremental ? source_from_file(stdin, "stdin") : source_open(path);
    bool is_folder = source == NULL && errno == EISDIR; /* a type that can't be built is the more telling complaint */
    if (source == NULL && !is_folder)
        log_fatal("open %s: %s", path, strerror(errno));
    if (!is_folder && !source_stat(source, &status))
        log_fatal("fstat %s: %s", path, strerror(errno));
    check_type(options, name);
    if (is_folder)
        log_fatal("open %s: %s", path, strerror(EISDIR));
    become_like_source(options, &status);

    sigset_t before;
    postpone_signals(&before);
    unsigned flags = (table_flags(options) & ~(unsigned)TABLE_FILE_VALUES) | TABLE_WRITE | TABLE_CREATE
        | (options->incremental ? 0 : TABLE_EMPTY);
    struct map_target target = { .config = options->config, .table = table_open(options->config, name, flags),
        .source_name = options->incremental ? "stdin" : path, .flags = flags, .replace = options->replace,
        .silent = options->silent, .file_values = options->file_values };
    const char *why = table_why_unavailable(target.table);
    if (why != NULL)
        log_fatal("%s", why);
    read_source(options, &target, source);
    if (options->program->finish != NULL)
        options->program->finish(&target);
    struct str problem = {0};
    if (!table_commit(target.table, &problem))
        log_fatal("%s", str_text(&problem));
    table_close(target.table);
    (void)sigprocmask(SIG_SETMASK, &before, NULL); /* restores what was */
    source_close(source);
    become_root_again();
    free(name);
}

void map_command_put(struct map_target *target, const char *key, const char *value)
{
    struct str why = {0};
    enum table_put_result result = table_put(target->table, key, value, target->replace, &why);

    if (result == TABLE_PUT_FAILED)
        log_fatal("table %s: %s", table_name(target->table), str_text(&why));
    if (result == TABLE_PUT_DUPLICATE && !target->silent) {
        const char *data = table_data_name(target->table);
        struct str folded = {0};
        if (target->flags & TABLE_FOLD)
            fold_put(&folded, key, strlen(key), (target->flags & TABLE_UTF8) && target->config->smtputf8_enable);
        else
            str_put(&folded, key);
        log_warning("%s: duplicate entry: \"%s\"", text_ends_with(data, ".db") ? strchr(data, ':') + 1
            : table_name(target->table), str_text(&folded));
        str_free(&folded);
    }
    str_free(&why);
}

int map_command_run(const struct map_program *program, int argc, char **argv)
{
    struct options options = { .program = program };
    int option;

    log_open("postfix", program->name);
    log_to_stderr(false);
    while ((option = getopt(argc, argv, program->options)) >= 0)
        take_option(&options, option, optarg);
    check_options(&options);
    if (optind == argc)
        usage(program);
    options.config = command_config_load(options.directory, program->name, 1);
    int count = argc - optind;
    argv += optind;
    if (options.query != NULL)
        return run_query(&options, count, argv);
    if (options.removal != NULL)
        return run_removal(&options, count, argv);
    if (options.list)
        list_one(&options, argv[0]); /* only the first: scripts rely on what Postfix does */
    for (int i = 0; i < count && !options.list; i++)
        make_one(&options, argv[i]);
    return 0;
}
