/* worker_config.c: the configuration of services whose work is done inside this one (worker.h). */
#include <stdlib.h>
#include <string.h>

#include "master/worker/worker_inside.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/master_cf.h"
#include "util/log/log.h"

const struct master_cf *worker_master_cf(struct worker *worker)
{
    struct str why = {0};

    if (worker->master_cf == NULL
        && !master_cf_parse("master.cf", worker->master_cf_text, strlen(worker->master_cf_text),
            master_cf_chroot_default(worker->config), NULL, NULL, &worker->master_cf, &why))
        log_fatal("%s", str_text(&why)); /* master could read it */
    str_free(&why);
    return worker->master_cf;
}

static const struct config *load(struct worker *worker, const struct master_cf_entry *entry, const char *service,
    const char *program)
{
    size_t count = entry != NULL ? entry->override_count : 0;
    struct config_override *overrides = arena_allocate(worker->arena, sizeof(*overrides) * (count + 2));
    struct config *config;
    struct str why = {0};

    for (size_t i = 0; i < count; i++)
        overrides[i] = entry->overrides[i];
    overrides[count++] = (struct config_override){ "process_name", program };
    overrides[count++] = (struct config_override){ "service_name", service };
    if (!config_load(NULL, overrides, count, program, &config, &why))
        log_fatal("%s", str_text(&why));
    str_free(&why);
    return config;
}

/* Beyond what every worker is told: its two names (worker_start), and for inet services that there is no stress. */
static bool has_own_overrides(const struct worker *worker)
{
    size_t usual = 2;

    for (size_t i = 0; i < worker->override_count; i++)
        usual += text_equal(worker->overrides[i].name, "stress") && *worker->overrides[i].value == '\0';
    return worker->override_count > usual;
}

const struct config *worker_config_of(struct worker *worker, const char *service, const char *program)
{
    const struct master_cf_entry *entry = master_cf_find(worker_master_cf(worker), service, NULL);
    struct worker_other *other;

    for (other = worker->others; other != NULL; other = other->next)
        if (text_equal(other->service, service))
            return other->config;
    /* Neither has anything of its own: they are the same. */
    if ((entry == NULL || entry->override_count == 0) && !has_own_overrides(worker))
        return worker->config;
    other = arena_allocate(worker->arena, sizeof(*other));
    other->service = arena_copy_text(worker->arena, service);
    other->config = load(worker, entry, service, program);
    other->next = worker->others;
    worker->others = other;
    return other->config;
}
