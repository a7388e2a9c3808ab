#include "master/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "master/programs.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"

enum { BACKLOG = 1024 };

/* ---- the plan ---- */

static void plan(struct listener_list *list, const char *key, const char *path)
{
    for (size_t i = 0; i < list->count; i++)
        if (text_equal(list->items[i].key, key))
            return; /* two names of one address */
    list->items = memory_resize(list->items, list->count + 1, sizeof(*list->items));
    list->items[list->count++] = (struct listener){
        .key = memory_copy_text(key),
        .path = path != NULL ? memory_copy_text(path) : NULL,
        .fd = -1,
    };
}

static void plan_unix(struct listener_list *list, const struct master_cf_entry *entry, bool is_private, const char *name)
{
    struct str key = {0};

    str_printf(&key, "%s %s/%s", entry->type == MASTER_CF_UNIX_DGRAM ? "dgram" : "unix", is_private ? "private" : "public",
        name);
    plan(list, str_text(&key), strchr(str_text(&key), ' ') + 1);
    str_free(&key);
}

static bool wants_family(const struct config *config, int family)
{
    const char *list = config->inet_protocols;
    const char *name = family == AF_INET6 ? "ipv6" : "ipv4";
    const char *word;
    size_t length;

    while (text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length))
        if ((length == 3 && strncmp(word, "all", 3) == 0) || (length == 4 && strncmp(word, name, 4) == 0))
            return true;
    return false;
}

/* All addresses of a host (NULL: the wildcard ones). */
static bool plan_host(struct listener_list *list, const struct config *config, const char *host, const char *port,
    struct str *why)
{
    struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
    struct addrinfo *addresses;
    struct str key = {0};
    char address[NI_MAXHOST];
    char number[NI_MAXSERV];

    int error = getaddrinfo(host, port, &hints, &addresses);
    if (error != 0) {
        str_printf(why, "%s:%s: %s", host != NULL ? host : "", port, gai_strerror(error));
        return false;
    }
    for (const struct addrinfo *a = addresses; a != NULL; a = a->ai_next) {
        if (!wants_family(config, a->ai_family) || getnameinfo(a->ai_addr, a->ai_addrlen, address, sizeof(address), number,
                sizeof(number), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
            continue;
        str_clear(&key);
        str_printf(&key, "inet %s %s", address, number);
        plan(list, str_text(&key), NULL);
    }
    str_free(&key);
    freeaddrinfo(addresses);
    return true;
}

static bool plan_interfaces(struct listener_list *list, const struct config *config, const char *port, struct str *why)
{
    const char *cursor = config->inet_interfaces;
    const char *word;
    size_t length;
    bool good = true;

    while (good && text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length)) {
        bool brackets = length > 2 && word[0] == '[' && word[length - 1] == ']';
        char *host = memory_copy_bytes(word + (brackets ? 1 : 0), length - (brackets ? 2 : 0));
        if (text_equal(host, "all"))
            good = plan_host(list, config, NULL, port, why);
        else if (text_equal(host, "loopback-only"))
            good = (!wants_family(config, AF_INET) || plan_host(list, config, "127.0.0.1", port, why))
                && (!wants_family(config, AF_INET6) || plan_host(list, config, "::1", port, why));
        else
            good = plan_host(list, config, host, port, why);
        free(host);
    }
    return good;
}

/* "port", "host:port", "[address]:port". */
static bool plan_inet(struct listener_list *list, const struct config *config, const char *name, struct str *why)
{
    const char *colon = strrchr(name, ':');

    if (colon == NULL)
        return plan_interfaces(list, config, name, why);
    bool brackets = name[0] == '[' && colon > name && colon[-1] == ']';
    char *host = memory_copy_bytes(name + (brackets ? 1 : 0), (size_t)(colon - name) - (brackets ? 2 : 0));
    bool good = host[0] == '\0' ? plan_interfaces(list, config, colon + 1, why)
        : plan_host(list, config, host, colon + 1, why);
    free(host);
    return good;
}

bool listener_plan(const struct config *config, const struct master_cf_entry *entry, struct listener_list *list,
    struct str *why)
{
    const char *name = entry->fields[MASTER_CF_SERVICE];
    const char *extra = programs_extra_socket(entry->fields[MASTER_CF_COMMAND]);

    if (entry->type != MASTER_CF_INET) {
        plan_unix(list, entry, entry->is_private, name);
    } else if (!plan_inet(list, config, name, why)) {
        return false;
    } else if (list->count == 0) {
        str_printf(why, "service %s: no address to listen on with inet_interfaces = %s, inet_protocols = %s", name,
            config->inet_interfaces, config->inet_protocols);
        return false;
    }
    if (extra != NULL)
        plan_unix(list, entry, true, extra);
    return true;
}

/* ---- opening ---- */

/* The socket belongs to mail_owner, as it always did. */
static bool give_away(const struct config *config, const char *path)
{
    const struct passwd *owner = getpwnam(config->mail_owner);

    return geteuid() != 0 || owner == NULL || lchown(path, owner->pw_uid, owner->pw_gid) == 0;
}

static int open_dgram(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    (void)unlink(path); /* a stale one; if that fails, bind says so */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || chmod(path, 0666) != 0)) {
        int saved = errno;
        fd_close(&fd);
        errno = saved;
    }
    return fd;
}

static bool open_unix(const struct config *config, const struct master_cf_entry *entry, struct listener *listener,
    struct str *why)
{
    listener->fd = entry->type == MASTER_CF_UNIX_DGRAM ? open_dgram(listener->path)
        : fd_listen_unix(listener->path, 0666, BACKLOG);
    if (listener->fd >= 0 && give_away(config, listener->path))
        return true;
    str_printf(why, "%s/%s: %s", config->queue_directory, listener->path, strerror(errno));
    return false;
}

static int bind_inet(const struct config *config, const struct addrinfo *address)
{
    int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* if it fails, bind tells */
    if (address->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)); /* as above */
    fd_set_window(fd, config->tcp_windowsize);
    if (bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int saved = errno;
        fd_close(&fd);
        errno = saved;
    }
    return fd;
}

static bool open_inet(const struct config *config, struct listener *listener, struct str *why)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
    struct addrinfo *address = NULL;
    char *host = memory_copy_text(strchr(listener->key, ' ') + 1);
    char *port = strchr(host, ' ');

    *port++ = '\0';
    int error = getaddrinfo(host, port, &hints, &address);
    if (error == 0)
        listener->fd = bind_inet(config, address);
    /* A system without IPv6 is served by what it has. */
    bool good = listener->fd >= 0 || (error == 0 && errno == EAFNOSUPPORT);
    if (!good)
        str_printf(why, "bind %s port %s: %s", host, port, error != 0 ? gai_strerror(error) : strerror(errno));
    if (address != NULL)
        freeaddrinfo(address);
    free(host);
    return good;
}

bool listener_open(const struct config *config, const struct master_cf_entry *entry, struct listener *listener,
    struct str *why)
{
    if (!(listener->path != NULL ? open_unix(config, entry, listener, why) : open_inet(config, listener, why)))
        return false;
    if (listener->fd >= 0)
        fd_set_nonblocking(listener->fd, true);
    return true;
}

void listener_adopt(struct listener *listener, struct listener_list *older)
{
    for (size_t i = 0; i < older->count; i++) {
        if (older->items[i].fd < 0 || !text_equal(older->items[i].key, listener->key))
            continue;
        listener->fd = older->items[i].fd;
        older->items[i].fd = -1;
        return;
    }
}

void listener_list_free(struct listener_list *list, bool remove)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].fd >= 0 && text_starts_with(list->items[i].key, "inet "))
            (void)shutdown(list->items[i].fd, SHUT_RDWR); /* a system that can't keeps the port while workers have clients */
        if (remove && list->items[i].path != NULL && list->items[i].fd >= 0)
            (void)unlink(list->items[i].path); /* a name that stays is replaced at the next start */
        fd_close(&list->items[i].fd);
        free(list->items[i].key);
        free(list->items[i].path);
    }
    free(list->items);
    *list = (struct listener_list){0};
}
