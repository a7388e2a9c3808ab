#include "master/stress.h"

#include <string.h>
#include <time.h>

#include "master/worker/board.h"
#include "util/base/str.h"
#include "util/log/log.h"

enum { STRESS_S = 1000 };

/* key: "inet 127.0.0.1 25". */
static bool is_loopback(const char *key)
{
    return strncmp(key, "inet 127.", 9) == 0 || strncmp(key, "inet ::1 ", 9) == 0;
}

bool stress_applies(const struct service *service)
{
    if (service->type == MASTER_CF_PASS)
        return true;
    if (service->type != MASTER_CF_INET)
        return false;
    for (size_t i = 0; i < service->listeners.count; i++) {
        if (!is_loopback(service->listeners.items[i].key))
            return true;
    }
    return false;
}

bool stress_is_on(const struct service *service)
{
    return service->stress_until > time(NULL);
}

/* Said once per period of stress, in words that people search for. */
static void warn(const struct service *service)
{
    const struct listener *listener = &service->listeners.items[0];
    const char *host = listener->path == NULL ? strchr(listener->key, ' ') : NULL;
    struct str where = {0};

    if (host == NULL)
        str_put(&where, listener->path == NULL ? listener->key : listener->path);
    else if (strchr(service->name, ':') != NULL)
        str_printf(&where, "[%.*s]:%s", (int)strcspn(host + 1, " "), host + 1, strrchr(host, ' ') + 1);
    else
        str_put(&where, strrchr(host, ' ') + 1);
    log_warning("service \"%s\" (%s) has reached its process limit \"%d\": new clients may experience noticeable delays",
        service->name, str_text(&where), service->limit);
    log_warning("to avoid this condition, increase the process count in master.cf or reduce the service time per client");
    log_warning("see https://www.postfix.org/STRESS_README.html for examples of stress-adapting configuration settings");
    str_free(&where);
}

void stress_begin(struct service *service)
{
    if (service->limit < 2 || !stress_applies(service))
        return;
    if (!stress_is_on(service)) {
        warn(service);
        board_begin_generation(service->board);
    }
    service->stress_until = time(NULL) + STRESS_S;
}
