#include "qmgr/intake/mapping.h"

#include <stdlib.h>

#include "util/base/memory.h"

struct mapping {
    const struct config *config;
    const struct config *rewrite;
};

struct mapping *mapping_open(const struct config *config, const struct config *rewrite)
{
    struct mapping *mapping = memory_new(struct mapping);

    mapping->config = config;
    mapping->rewrite = rewrite;
    return mapping;
}

void mapping_close(struct mapping *mapping)
{
    free(mapping);
}

bool mapping_has_changed(struct mapping *mapping)
{
    return false;
}

void mapping_sender(struct intake_message *message, const char *sender)
{
    message->envelope.sender = arena_copy_text(message->arena, sender);
}
