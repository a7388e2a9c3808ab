/* connector.c: connects to sockets in private/ for processes of the network user (master/worker/connector.h), which can't
 * enter that folder. It runs as mail_owner and goes only where the configuration points. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "master/connector/allowed.h"
#include "master/worker/connector.h"
#include "master/worker/worker.h"
#include "util/base/str.h"
#include "util/base/text.h"
#include "util/config/main_cf.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/table/table.h"

/* Never waits: a full backlog is the asker's to wait for (EAGAIN). */
static int connect_to(const char *path, int *error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    *error = fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ? errno : 0;
    if (*error != 0)
        fd_close(&fd);
    else
        fd_set_nonblocking(fd, false);
    return fd;
}

/* Where it may go. */
struct reach {
    struct table *users;        /* unix:passwd.byname */
    struct table *groups;
    struct str named;           /* what the configuration's text names */
    const struct master_cf *services;
};

/* For processes in a chroot, where the files and services behind getpwnam aren't. */
static void answer_about_user(const struct reach *reach, const struct connector_request *request, int reply)
{
    struct connector_answer found = { .error = EIO };
    struct str entry = {0};

    switch (table_find(text_equal(request->path, "unix:passwd.byname") ? reach->users : reach->groups, request->key, &entry)) {
    case TABLE_FOUND:
        found.error = entry.length < sizeof(found.entry) ? 0 : E2BIG;
        break;
    case TABLE_ABSENT:
        found.error = ENOENT;
        break;
    case TABLE_FAILED:
        break;
    }
    if (found.error == 0)
        memcpy(found.entry, str_text(&entry), entry.length + 1);
    fd_set_nonblocking(reply, true);
    (void)!fd_send(reply, &found, offsetof(struct connector_answer, entry) + strlen(found.entry) + 1, -1, 0); /* as below */
    str_free(&entry);
}

static void answer(const struct reach *reach, const struct connector_request *request, int reply)
{
    int error = EACCES;
    int fd = -1;

    if (text_starts_with(request->path, "unix:")) {
        answer_about_user(reach, request, reply);
        return;
    }
    if (allowed_path(&reach->named, request->path) || allowed_foreign_path(reach->services, request->path))
        fd = connect_to(request->path, &error);
    else
        log_warning("%s: nothing in main.cf or master.cf names this socket", request->path);
    fd_set_nonblocking(reply, true);
    (void)!fd_send(reply, &error, sizeof(error), fd, 0); /* the asker may be gone */
    fd_close(&fd);
}

static void on_request(void *context, int listener, int index)
{
    struct connector_request request;
    int reply;

    ssize_t length = fd_receive(listener, &request, sizeof(request), &reply, 0);
    if (length == (ssize_t)sizeof(request) && reply >= 0 && memchr(request.path, '\0', sizeof(request.path)) != NULL
        && memchr(request.key, '\0', sizeof(request.key)) != NULL)
        answer(context, &request, reply);
    fd_close(&reply);
}

static void read_file(struct str *allowed, const char *directory, const char *name)
{
    struct str path = {0};
    struct str text = {0};
    struct str why = {0};

    str_printf(&path, "%s/%s", directory, name);
    if (!main_cf_load(str_text(&path), &text, &why))
        log_fatal("%s", str_text(&why));
    allowed_add(allowed, str_text(&text), text.length);
    str_free(&path);
    str_free(&text);
    str_free(&why);
}

/* Services that are made to be handed connections by a process of the network user. */
static void add_pass_services(struct reach *reach)
{
    for (size_t i = 0; i < reach->services->count; i++) {
        if (reach->services->entries[i].type == MASTER_CF_PASS)
            str_printf(&reach->named, "private/%s\n", reach->services->entries[i].fields[MASTER_CF_SERVICE]);
    }
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "connector");
    const struct config *config = worker_config(worker);
    struct reach reach = {0};

    read_file(&reach.named, config->config_directory, "main.cf");
    read_file(&reach.named, config->config_directory, "master.cf");
    reach.services = worker_master_cf(worker);
    /* smtp passes mail on to that agent itself. */
    str_printf(&reach.named, "private/%.*s\n", (int)strcspn(config->best_mx_transport, ":"), config->best_mx_transport);
    reach.users = table_open(config, "unix:passwd.byname", 0);
    reach.groups = table_open(config, "unix:group.byname", 0);
    add_pass_services(&reach);
    str_printf(&reach.named, "private/%s\nprivate/%s\nprivate/%s\n", config->smtpd_service_name, config->dnsblog_service_name,
        config->tlsproxy_service_name);
    worker_confine(worker, CONFINE_QUEUE);
    worker_serve_many(worker, on_request, &reach);
    str_free(&reach.named);
    table_close(reach.users);
    table_close(reach.groups);
    return worker_stop(worker);
}
