#include "smtpd/rehearse/session_options.h"

#include <getopt.h>
#include <string.h>

#include "util/base/text.h"
#include "util/log/log.h"

#define USAGE \
    "usage: posthaste session [-v] [-o service | -o name=value] [--client address] [--name host] " \
    "[--reverse-name host] [--helo name] [--from sender] [--login user] [--tls] [--ask] [--to] recipient..."

static const struct option names[] = {
    { "client", required_argument, NULL, 'a' },
    { "name", required_argument, NULL, 'n' },
    { "reverse-name", required_argument, NULL, 'r' },
    { "helo", required_argument, NULL, 'h' },
    { "from", required_argument, NULL, 'f' },
    { "to", required_argument, NULL, 't' },
    { "login", required_argument, NULL, 'u' },
    { "service", required_argument, NULL, 'o' },
    { "tls", no_argument, NULL, 'T' },
    { "ask", no_argument, NULL, 'A' },
    { "verbose", no_argument, NULL, 'v' },
    { NULL, 0, NULL, 0 },
};

/* -o takes both: a service of master.cf, or a parameter. */
static void take_override(struct session_options *options, struct arena *arena, const char *text)
{
    const char *equals = strchr(text, '=');

    if (equals == NULL) {
        options->service = text;
        return;
    }
    options->overrides[options->override_count++] = (struct config_override){
        arena_copy_bytes(arena, text, (size_t)(equals - text)), equals + 1 };
}

/* An address may be given as SMTP has it. */
static const char *without_brackets(const char *text, size_t length, struct arena *arena)
{
    bool in_brackets = length >= 2 && text[0] == '<' && text[length - 1] == '>';

    return in_brackets ? arena_copy_bytes(arena, text + 1, length - 2) : arena_copy_bytes(arena, text, length);
}

static void take_recipients(struct session_options *options, const char *text, struct arena *arena)
{
    const char *word;
    size_t length;

    while (text_next_word(&text, ",", &word, &length)) /* as with swaks: one option may name several */
        options->recipients[options->recipient_count++] = without_brackets(word, length, arena);
}

void session_options_parse(int argc, char **argv, struct arena *arena, struct session_options *options)
{
    size_t room = 0;
    int option;

    for (int i = 0; i < argc; i++)
        room += strlen(argv[i]) + 1; /* no option holds more recipients than characters */
    *options = (struct session_options){ .address = "192.0.2.1", .sender = "",
        .recipients = arena_allocate(arena, room * sizeof(*options->recipients)),
        .overrides = arena_allocate(arena, (size_t)argc * sizeof(*options->overrides)) };
    while ((option = getopt_long(argc, argv, "a:n:r:h:f:t:u:o:TAv", names, NULL)) != -1) {
        switch (option) {
        case 'a': options->address = optarg; break;
        case 'n': options->name = optarg; break;
        case 'r': options->reverse_name = optarg; break;
        case 'h': options->helo = optarg; break;
        case 'f': options->sender = without_brackets(optarg, strlen(optarg), arena); break;
        case 't': take_recipients(options, optarg, arena); break;
        case 'u': options->login = optarg; break;
        case 'o': take_override(options, arena, optarg); break;
        case 'T': options->encrypted = true; break;
        case 'A': options->ask = true; break;
        case 'v': options->verbose = true; break;
        default: log_fatal(USAGE);
        }
    }
    for (int i = optind; i < argc; i++)
        take_recipients(options, argv[i], arena);
    if (options->recipient_count == 0)
        log_fatal(USAGE);
}
