/* fuzz_haproxy.c: the header of a proxy (util/net/haproxy.h). */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "util/base/memory.h"
#include "util/net/haproxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct haproxy_families all = { true, true };
    struct haproxy_header header;
    struct str why = {0};
    char *copy = malloc(length > 0 ? length : 1); /* exactly, so that reading beyond is noticed */

    if (copy == NULL)
        memory_exhausted();
    for (size_t i = 0; i < length; i++)
        copy[i] = (char)bytes[i];
    if (haproxy_parse(copy, length, all, &header, &why))
        assert(header.length <= length);
    str_free(&why);
    free(copy);
    return 0;
}
