#include "smtpd/rehearse/view.h"

bool view_load(const struct master_cf *master_cf, const struct master_cf_entry *entry, const char *service,
    const char *program, const struct config_override *overrides, size_t override_count, struct arena *arena,
    struct config **config, struct str *why)
{
    size_t own = entry == NULL ? 0 : entry->override_count;
    struct config_override *all = arena_allocate(arena, (own + override_count + 2) * sizeof(*all));
    size_t count = 0;

    for (size_t i = 0; i < own; i++)
        all[count++] = entry->overrides[i];
    for (size_t i = 0; i < override_count; i++)
        all[count++] = overrides[i];
    all[count++] = (struct config_override){ "process_name", program };
    all[count++] = (struct config_override){ "service_name", service };
    return config_load(NULL, all, count, program, config, why);
}

bool view_open(struct view *view, const struct master_cf *master_cf, const struct master_cf_entry *entry,
    const struct config_override *overrides, size_t override_count, struct arena *arena, struct str *why)
{
    const char *service = entry == NULL ? "smtp" : entry->fields[MASTER_CF_SERVICE];

    *view = (struct view){0};
    if (!view_load(master_cf, entry, service, "smtpd", overrides, override_count, arena, &view->config, why))
        return false;
    const char *name = view->config->rewrite_service_name;
    if (!view_load(master_cf, master_cf_find(master_cf, name, NULL), name, "trivial-rewrite", overrides, override_count,
            arena, &view->rewrite, why))
        return false;
    view->router = router_open(view->rewrite);
    view->policy = policy_open_any(view->config, view->router);
    return true;
}

void view_close(struct view *view)
{
    policy_close(view->policy);
    router_close(view->router);
    if (view->rewrite != NULL)
        config_free(view->rewrite);
    if (view->config != NULL)
        config_free(view->config);
}
