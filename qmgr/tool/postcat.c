/* postcat.c: shows a queue file (postcat(1)): envelope records by the names that Postfix gives them, header, body. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "qmgr/client/drop_file.h"
#include "qmgr/client/message_file.h"
#include "qmgr/spool/queue_id.h"
#include "qmgr/spool/spool.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/tool/command_config.h"

enum { SHOW_ENVELOPE = 1, SHOW_HEADER = 2, SHOW_BODY = 4, SHOW_OFFSETS = 8, SHOW_RAW = 16 };

struct view {
    unsigned flags;
    const char *name; /* in the lines between the parts */
    struct message_file file;
    int fd;
};

static bool shows(const struct view *view, unsigned part)
{
    return view->flags & part;
}

static void put_offset(const struct view *view, uint64_t offset)
{
    if (view->flags & SHOW_OFFSETS)
        printf("%9llu ", (unsigned long long)offset);
}

static void put_named(const struct view *view, const char *name, const char *value)
{
    if (*value != '\0') {
        put_offset(view, view->file.envelope.offset);
        printf("named_attribute: %s=%s\n", name, value);
    }
}

static void put_record(const struct view *view, uint64_t offset, const char *name, const char *value)
{
    put_offset(view, offset);
    printf("%s: %s\n", name, value);
}

static void put_number(const struct view *view, const char *name, unsigned long value)
{
    if (value != 0) {
        put_offset(view, view->file.envelope.offset);
        printf("named_attribute: %s=%lu\n", name, value);
    }
}

static void put_arrival(const struct view *view, int64_t arrival_us)
{
    char date[64] = "";
    time_t seconds = (time_t)(arrival_us / 1000000);
    struct tm parts;

    if (arrival_us != 0 && localtime_r(&seconds, &parts) != NULL
        && strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", &parts) > 0)
        put_record(view, view->file.envelope.offset, "message_arrival_time", date);
    if (*date != '\0' && view->file.complete)
        put_record(view, view->file.envelope.offset, "create_time", date);
}

static const char log_prefix[] = "log_";

static bool has_client(const struct envelope *envelope)
{
    return *envelope_attribute(envelope, ATTRIBUTE_CLIENT_ADDRESS) != '\0';
}

static void put_before_sender(const struct view *view, const struct envelope *envelope)
{
    const char *full_name = envelope_attribute(envelope, ATTRIBUTE_FULL_NAME);

    if (!has_client(envelope))
        put_named(view, ATTRIBUTE_REWRITE_CONTEXT, envelope_attribute(envelope, ATTRIBUTE_REWRITE_CONTEXT));
    if (*full_name != '\0')
        put_record(view, view->file.envelope.offset, "sender_fullname", full_name);
}

/* Without XCLIENT what is logged of a client is what it is: shown under both names. */
static void put_client(const struct view *view, const struct envelope *envelope)
{
    const char *address = envelope_attribute(envelope, ATTRIBUTE_CLIENT_ADDRESS);

    for (size_t i = 0; i < envelope->attribute_count; i++) {
        const struct envelope_attribute *attribute = &envelope->attributes[i];
        if (!text_starts_with(attribute->name, log_prefix))
            continue;
        put_named(view, attribute->name, attribute->value);
        if (text_equal(attribute->name, ATTRIBUTE_CLIENT_PORT)) {
            put_offset(view, view->file.envelope.offset);
            printf("named_attribute: log_message_origin=%s[%s]\n", envelope_attribute(envelope, ATTRIBUTE_CLIENT_NAME), address);
        }
    }
    for (size_t i = 0; i < envelope->attribute_count; i++) {
        const struct envelope_attribute *attribute = &envelope->attributes[i];
        if (text_starts_with(attribute->name, log_prefix))
            put_named(view, attribute->name + strlen(log_prefix), attribute->value);
    }
    if (*address != '\0')
        put_number(view, "client_address_type", strchr(address, ':') != NULL ? AF_INET6 : AF_INET);
}

static void put_behind_sender(const struct view *view, const struct envelope *envelope)
{
    unsigned declared = envelope->flags & (ENVELOPE_CONTENT_NULL_8 | ENVELOPE_CONTENT_7BIT);

    if (declared != 0 && *envelope_attribute(envelope, ATTRIBUTE_ENCODING) == '\0')
        put_named(view, ATTRIBUTE_ENCODING, declared == ENVELOPE_CONTENT_7BIT ? "7bit" : "8bit");
    put_client(view, envelope);
    for (size_t i = 0; i < envelope->attribute_count; i++) {
        const struct envelope_attribute *attribute = &envelope->attributes[i];
        if (!text_starts_with(attribute->name, log_prefix) && !text_equal(attribute->name, ATTRIBUTE_REWRITE_CONTEXT)
            && !text_equal(attribute->name, ATTRIBUTE_FULL_NAME)
            && (log_debug_level() > 0 || !text_equal(attribute->name, ATTRIBUTE_TRACE_ID))) /* that is our own */
            put_named(view, attribute->name, attribute->value);
    }
}

static void put_recipient(const struct view *view, const struct recipient *recipient)
{
    put_number(view, "notify_flags", recipient->notify);
    put_named(view, "dsn_orig_rcpt", recipient->dsn_orcpt);
    if (*recipient->original != '\0' && view->file.complete)
        put_record(view, recipient->offset, "original_recipient", recipient->original);
    put_record(view, recipient->offset, recipient->done ? "done_recipient" : "recipient", recipient->address);
}

static void put_envelope(const struct view *view, const struct envelope *envelope)
{
    if (!shows(view, SHOW_ENVELOPE))
        return;
    printf("*** ENVELOPE RECORDS %s ***\n", view->name);
    if (view->file.complete)
        printf("message_size: %15llu %15llu %15zu %15u\n", (unsigned long long)envelope->size_bytes,
            (unsigned long long)view->file.head.offset, envelope->recipient_count, view->file.attempts);
    put_arrival(view, envelope->arrival_us);
    if (has_client(envelope)) /* the order is Postfix's */
        put_named(view, ATTRIBUTE_REWRITE_CONTEXT, envelope_attribute(envelope, ATTRIBUTE_REWRITE_CONTEXT));
    put_named(view, "envelope_id", envelope->envid);
    put_number(view, "ret_flags", (unsigned long)envelope->ret);
    put_before_sender(view, envelope);
    put_record(view, view->file.envelope.offset, "sender", envelope->sender);
    put_behind_sender(view, envelope);
    for (size_t i = 0; i < envelope->recipient_count; i++)
        put_recipient(view, &envelope->recipients[i]);
}

/* Text with LF line ends, from a place in the file; offsets count what is shown. */
static void put_lines(const struct view *view, const struct message_file *part)
{
    struct message_lines lines;
    const char *line;
    size_t length;
    bool whole;
    uint64_t offset = part->head.offset;

    message_lines_start(&lines, view->fd, part);
    while (message_lines_next(&lines, &line, &length, 65536, &whole)) {
        put_offset(view, offset);
        (void)fwrite(line, 1, length, stdout); /* main checks standard output at the end */
        if (whole)
            putchar('\n');
        offset += length + 2;
    }
    message_lines_stop(&lines);
    if (lines.reader.error != 0)
        log_warning("%s: %s", view->name, strerror(lines.reader.error));
}

static void put_content(const struct view *view)
{
    struct message_file part = view->file;
    bool all = shows(view, SHOW_HEADER) && shows(view, SHOW_BODY);

    if (shows(view, SHOW_ENVELOPE))
        printf("*** MESSAGE CONTENTS %s ***\n", view->name);
    if (!shows(view, SHOW_BODY))
        part.has_body = false;
    if (!shows(view, SHOW_HEADER))
        part.head = (struct message_extent){ part.head.offset, 0 };
    if (all || shows(view, SHOW_HEADER | SHOW_BODY))
        put_lines(view, &part);
    if (shows(view, SHOW_ENVELOPE)) {
        printf("*** HEADER EXTRACTED %s ***\n", view->name);
        printf("*** MESSAGE FILE END %s ***\n", view->name);
    }
}

/* A file of the maildrop folder. False: it isn't one. */
static bool show_drop(struct view *view, struct arena *arena)
{
    struct drop_reader reader;
    struct envelope envelope;
    const char *text;
    size_t length;

    if (lseek(view->fd, 0, SEEK_SET) != 0 || !drop_file_open(&reader, view->fd, arena, &envelope, NULL, &text))
        return false;
    put_envelope(view, &envelope);
    if (shows(view, SHOW_ENVELOPE))
        printf("*** MESSAGE CONTENTS %s ***\n", view->name);
    while (drop_file_next(&reader, &text, &length) == DROP_TEXT) {
        if (shows(view, SHOW_HEADER | SHOW_BODY))
            (void)fwrite(text, 1, length, stdout); /* main checks standard output at the end */
    }
    drop_file_close(&reader);
    if (shows(view, SHOW_ENVELOPE))
        printf("*** HEADER EXTRACTED %s ***\n*** MESSAGE FILE END %s ***\n", view->name, view->name);
    return true;
}

/* Nothing to say about nothing: "postcat </dev/null" in scripts. */
static bool is_empty(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && status.st_size == 0 && !S_ISFIFO(status.st_mode);
}

static void show(struct view *view)
{
    struct arena *arena = arena_new();
    struct envelope envelope;
    const char *why;

    if (message_file_read_header(view->fd, &view->file, &why)) {
        if (message_file_read_envelope(view->fd, &view->file, arena, &envelope, &why))
            put_envelope(view, &envelope);
        else
            log_warning("%s: %s", view->name, why);
        put_content(view);
    } else {
        view->file = (struct message_file){0};
        if (!is_empty(view->fd) && !show_drop(view, arena))
            log_warning("%s: input is not a valid queue file", view->name);
    }
    fd_close(&view->fd);
    arena_free(arena);
}

/* -q: by queue id, in whichever queue it is. The name is "deferred/A/ABC123". */
static int open_by_id(struct spool *spool, const char *id, struct str *name)
{
    static const enum queue queues[] = { QUEUE_ACTIVE, QUEUE_INCOMING, QUEUE_DEFERRED, QUEUE_HOLD, QUEUE_CORRUPT };
    int error = ENOENT;

    if (!queue_id_is_valid(id))
        log_fatal("bad mail queue ID: %s", id);
    for (size_t i = 0; i < 2 * sizeof(queues) / sizeof(queues[0]); i++) { /* twice: it may be moving */
        enum queue queue = queues[i % (sizeof(queues) / sizeof(queues[0]))];
        int fd = spool_open_file(spool, queue, id, O_RDONLY);
        if (fd >= 0) {
            str_clear(name);
            spool_put_path(spool, queue, id, name);
            return fd;
        }
        if (errno != ENOENT)
            error = errno;
    }
    str_clear(name);
    str_printf(name, "maildrop/%s", id);
    int fd = openat(spool_folder(spool), str_text(name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        log_fatal("open queue file %s: %s", id, strerror(errno == ENOENT ? error : errno));
    return fd;
}

static void show_ids(const struct config *config, unsigned flags, int count, char **ids)
{
    struct spool *spool = spool_open(config);
    struct str name = {0};

    for (int i = 0; i < count; i++) {
        if (!queue_id_is_valid(ids[i]))
            log_fatal("bad mail queue ID: %s", ids[i]);
        if (spool == NULL)
            log_fatal("open queue file %s: %s", ids[i], strerror(errno));
        struct view view = { .flags = flags, .fd = open_by_id(spool, ids[i], &name) };
        view.name = str_text(&name);
        show(&view);
    }
    str_free(&name);
    spool_close(spool);
}

static void show_files(unsigned flags, int count, char **paths)
{
    for (int i = 0; i < count; i++) {
        struct view view = { .flags = flags, .name = paths[i] };
        view.fd = open(paths[i], O_RDONLY | O_CLOEXEC);
        if (view.fd < 0)
            log_fatal("open %s: %s", paths[i], strerror(errno));
        show(&view);
    }
}

int main(int argc, char **argv)
{
    const char *directory = NULL;
    unsigned flags = 0;
    bool by_id = false;
    int option;

    log_open("postfix", "postcat");
    log_to_stderr(false);
    log_without_syslog(); /* it is between us and who called us */
    while ((option = getopt(argc, argv, "bc:defhoqrs:v")) > 0) {
        switch (option) {
        case 'b': flags |= SHOW_BODY; break;
        case 'c': directory = optarg; break;
        case 'e': flags |= SHOW_ENVELOPE; break;
        case 'h': flags |= SHOW_HEADER; break;
        case 'o': flags |= SHOW_OFFSETS; break;
        case 'q': by_id = true; break;
        case 'd':
        case 'f':
        case 'r':
        case 's': break; /* record types and positions of a format that isn't ours */
        case 'v': log_set_debug(log_debug_level() + 1); break;
        default: log_fatal("usage: postcat [-b (body text)] [-c config_dir] [-d (decimal record type)] [-e (envelope records)] "
                           "[-h (header text)] [-q (access queue)] [-v] [file(s)...]");
        }
    }
    if (!(flags & (SHOW_ENVELOPE | SHOW_HEADER | SHOW_BODY)))
        flags |= SHOW_ENVELOPE | SHOW_HEADER | SHOW_BODY;
    const struct config *config = command_config_load(directory, "postcat", 1);
    log_without_syslog();
    if (by_id) {
        show_ids(config, flags, argc - optind, argv + optind);
    } else if (optind < argc) {
        show_files(flags, argc - optind, argv + optind);
    } else {
        struct view view = { .flags = flags, .name = "stdin", .fd = dup(STDIN_FILENO) };
        show(&view);
    }
    if (fflush(stdout) != 0 || ferror(stdout))
        log_fatal("write standard output: %s", strerror(errno));
    return 0;
}
