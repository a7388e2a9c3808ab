#include "qmgr/active/limits.h"

#include "qmgr/active/feedback_log.h"
#include "util/base/str.h"
#include "util/base/text.h"
#include "util/log/log.h"

/* The transport's own value, or the default. A bad one was refused or is warned of here, once per transport. */
static struct feedback_rate read_rate(const struct config *config, const char *transport, const char *suffix,
    const char *default_value)
{
    struct str name = {0};
    struct feedback_rate rate;

    str_printf(&name, "%s%s", transport, suffix);
    const char *value = config_value(config, str_text(&name));
    if (value == NULL || text_equal(value, default_value)) {
        str_clear(&name);
        str_printf(&name, "default%s", suffix);
        value = default_value;
    }
    if (!feedback_parse(value, &rate)) {
        log_warning("%s: bad feedback \"%s\": using 1", str_text(&name), value);
        rate = (struct feedback_rate){ .kind = FEEDBACK_CONSTANT, .number = 1 };
    }
    if (config->destination_concurrency_feedback_debug)
        feedback_log_rate(transport, str_text(&name), &rate,
            (int)config_transport_number(config, transport, "_initial_destination_concurrency"));
    str_free(&name);
    return rate;
}

void limits_read(void *context, const char *transport, struct schedule_limits *limits)
{
    const struct manager *manager = context;
    const struct config *config = manager->config;

    *limits = (struct schedule_limits){
        .feedback = {
            .initial = (int)config_transport_number(config, transport, "_initial_destination_concurrency"),
            .maximum = (int)config_transport_number(config, transport, "_destination_concurrency_limit"),
            .failed_cohorts =
                (double)config_transport_number(config, transport, "_destination_concurrency_failed_cohort_limit"),
            .positive = read_rate(config, transport, "_destination_concurrency_positive_feedback",
                config->default_destination_concurrency_positive_feedback),
            .negative = read_rate(config, transport, "_destination_concurrency_negative_feedback",
                config->default_destination_concurrency_negative_feedback),
        },
        .destination_delay_ms = config_transport_number(config, transport, "_destination_rate_delay") * 1000,
        .transport_delay_ms = config_transport_number(config, transport, "_transport_rate_delay") * 1000,
        .dead_ms = config->minimal_backoff_time * 1000,
        .transport_dead_ms = config->transport_retry_time * 1000,
    };
}

struct backoff limits_backoff(const struct config *config)
{
    struct backoff backoff = {
        .minimal_s = config->minimal_backoff_time,
        .maximal_s = config->maximal_backoff_time,
        .lifetime_s = config->maximal_queue_lifetime,
        .bounce_lifetime_s = config->bounce_queue_lifetime,
        .delay_warning_s = config->delay_warning_time,
    };

    if (backoff.maximal_s < backoff.minimal_s) {
        log_warning("maximal_backoff_time is smaller than minimal_backoff_time - adjusting maximal_backoff_time");
        backoff.maximal_s = backoff.minimal_s;
    }
    if (backoff.bounce_lifetime_s > backoff.lifetime_s) {
        log_warning("bounce_queue_lifetime is larger than maximal_queue_lifetime - adjusting bounce_queue_lifetime");
        backoff.bounce_lifetime_s = backoff.lifetime_s;
    }
    return backoff;
}

int64_t limits_processes(const struct manager *manager, const char *service)
{
    const struct master_cf_entry *entry =
        manager->master_cf == NULL ? NULL : master_cf_find(manager->master_cf, service, "unix");

    return entry == NULL || entry->process_limit < 0 ? manager->config->default_process_limit : entry->process_limit;
}
