#include "util/net/idn.h"

#include <idn2.h>

#include "util/base/text.h"

static bool uses_2003;

void idn_use_2003(bool on)
{
    uses_2003 = on;
}

bool idn_to_ascii(const char *name, struct str *out)
{
    char *ascii = NULL;

    if (text_is_ascii(name)) {
        str_put(out, name);
        return true;
    }
    if (idn2_to_ascii_8z(name, &ascii, IDN2_NFC_INPUT | (uses_2003 ? IDN2_TRANSITIONAL : IDN2_NONTRANSITIONAL)) != IDN2_OK)
        return false;
    str_put(out, ascii);
    idn2_free(ascii);
    return true;
}

bool idn_to_utf8(const char *name, struct str *out)
{
    char *utf8 = NULL;

    if (idn2_to_unicode_8z8z(name, &utf8, 0) != IDN2_OK)
        return false;
    str_put(out, utf8);
    idn2_free(utf8);
    return true;
}
