#include "util/mail/date.h"

#include <stdio.h>
#include <time.h>

/* strftime's %a and %b depend on the locale. */
static const char day_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

const char *date_format(int64_t seconds, char buffer[DATE_TEXT_BYTES])
{
    time_t now = (time_t)seconds;
    struct tm local = {0};

    if (localtime_r(&now, &local) == NULL)
        (void)gmtime_r(&now, &local); /* zeroes in local are still a valid date */
    long offset_minutes = local.tm_gmtoff / 60;
    long size = offset_minutes < 0 ? -offset_minutes : offset_minutes;
    const char *zone = local.tm_zone == NULL ? "" : local.tm_zone;
    snprintf(buffer, DATE_TEXT_BYTES, "%s, %2d %s %ld %02d:%02d:%02d %c%02d%02d%s%.20s%s", day_names[local.tm_wday % 7],
        local.tm_mday, month_names[local.tm_mon % 12], 1900L + local.tm_year, local.tm_hour, local.tm_min, local.tm_sec,
        offset_minutes < 0 ? '-' : '+', (int)(size / 60 % 100), (int)(size % 60), *zone ? " (" : "", zone, *zone ? ")" : "");
    return buffer;
}
