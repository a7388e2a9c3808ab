#include "qmgr/route/probe_route.h"

#include "util/base/memory.h"
#include "util/base/text.h"

const struct config *probe_route_config(const struct config *config, struct config *copy)
{
    *copy = *config;
    const struct {
        const char **place;
        const char *value;
    } changes[] = {
        { &copy->default_transport, config->address_verify_default_transport },
        { &copy->local_transport, config->address_verify_local_transport },
        { &copy->relay_transport, config->address_verify_relay_transport },
        { &copy->virtual_transport, config->address_verify_virtual_transport },
        { &copy->relayhost, config->address_verify_relayhost },
        { &copy->transport_maps, config->address_verify_transport_maps },
        { &copy->sender_dependent_default_transport_maps,
          config->address_verify_sender_dependent_default_transport_maps },
        { &copy->sender_dependent_relayhost_maps, config->address_verify_sender_dependent_relayhost_maps },
    };
    bool differs = false;

    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        differs = differs || !text_equal(*changes[i].place, changes[i].value);
        *changes[i].place = changes[i].value;
    }
    return differs ? copy : NULL;
}
