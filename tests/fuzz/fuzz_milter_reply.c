/* fuzz_milter_reply.c: packets of hostile mail filters, and what they make of a header (qmgr/intake/milter). */
#include <stdint.h>

#include "qmgr/intake/milter/milter_fields.h"
#include "qmgr/intake/milter/milter_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    struct milter_answer answer;
    struct milter_offer offer;
    struct milter_fields fields = { .arena = arena };
    struct str text = {0};

    if (length > 0) {
        const char *data = (const char *)bytes + 1;
        milter_wire_get_answer((char)bytes[0], data, length - 1, arena, &answer);
        (void)milter_wire_get_offer(data, length - 1, arena, &offer); /* only whether it stays within bounds */
        milter_fields_parse(&fields, data, length - 1, "1");
        if (milter_fields_format(answer.name, answer.text, false, &text))
            milter_fields_insert(&fields, answer.index, str_text(&text));
        (void)milter_fields_find(&fields, answer.name, answer.index); /* likewise */
    }
    str_free(&text);
    arena_free(arena);
    return 0;
}
