/* fuzz_auth_cyrus.c: AUTH by Cyrus SASL: the first line of the input names the mechanism, the others are the client's responses.
 * Nobody has an account here, so nobody may get in; what goes back to the client is base64. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "submission/auth/auth.h"
#include "util/base/arena.h"
#include "util/log/log.h"
#include "util/sasl/sasl_base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
const char *__lsan_default_suppressions(void);

/* The library keeps a little for itself, and its LOGIN forgets to free a password for a user without a name. */
const char *__lsan_default_suppressions(void)
{
    return "leak:sasl_server_init\nleak:liblogin.so";
}

enum { RESPONSES_MAX = 10 };

static char folder[] = "/tmp/fuzz_auth_cyrus.XXXXXX";

static void remove_folder(void)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/smtpd.conf", folder);
    (void)unlink(path);  /* whatever is there */
    (void)rmdir(folder); /* likewise */
}

static struct auth_service *open_service(void)
{
    struct config *config;
    char text[400];
    struct str why = {0};

    if (mkdtemp(folder) == NULL)
        abort();
    atexit(remove_folder);
    snprintf(text, sizeof(text), "%s/smtpd.conf", folder);
    FILE *file = fopen(text, "w");
    if (file == NULL)
        abort();
    fprintf(file, "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: %s/none\n"
        "mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 DIGEST-MD5\n", folder);
    fclose(file);
    snprintf(text, sizeof(text), "myhostname = mail.example.test\nsmtpd_sasl_type = cyrus\nsmtpd_sasl_path = smtpd\n"
        "cyrus_sasl_config_path = %s\nsmtpd_sasl_security_options = noanonymous\n", folder);
    if (!config_from_text(text, NULL, 0, "smtpd", &config, &why))
        abort();
    str_free(&why);
    log_to_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
    return auth_service_open(config, "smtpd");
}

static void must_be_base64(const char *challenge)
{
    if (*challenge != '\0' && !sasl_base64_is_valid(challenge))
        abort();
}

/* The next line, or NULL. */
static char *take_line(char **cursor)
{
    char *line = *cursor;

    if (line == NULL)
        return NULL;
    *cursor = strchr(line, '\n');
    if (*cursor != NULL)
        *(*cursor)++ = '\0';
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const struct auth_client client = { "192.0.2.1", "4321", "192.0.2.2", "25", false, NULL };
    static struct auth_service *service;
    struct arena *arena = arena_new();
    struct str answer = {0};
    struct str why = {0};

    if (service == NULL)
        service = open_service();
    struct auth *auth = auth_open(service, &client, &why);
    if (auth == NULL)
        abort();
    char *cursor = arena_copy_bytes(arena, bytes, length);
    const char *mechanism = take_line(&cursor);
    const char *initial = take_line(&cursor);
    enum auth_status status = auth_begin(auth, mechanism, initial == NULL || *initial == '\0' ? NULL : initial, &answer);
    for (int i = 0; i < RESPONSES_MAX && status == AUTH_CONTINUE; i++) {
        must_be_base64(str_text(&answer));
        const char *response = take_line(&cursor);
        if (response == NULL)
            break;
        status = auth_respond(auth, response, &answer);
    }
    if (status == AUTH_SUCCEEDED)
        abort();
    auth_close(auth);
    str_free(&answer);
    str_free(&why);
    arena_free(arena);
    return 0;
}
