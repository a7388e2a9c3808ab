/* asker.h: questions to dnsblog, over connections that are kept for a while; so many at once, the others wait in line. */
#ifndef SMTPD_SCREEN_ASKER_H
#define SMTPD_SCREEN_ASKER_H
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct asker;

/* path is borrowed. */
struct asker *asker_open(struct event_base *events, const char *path, size_t connections_max, int64_t timeout_s);
void asker_close(struct asker *asker); /* drops what is under way */

/* domain is borrowed until the answer; address (text) is copied. answer is called once: addresses is four bytes each; known is
 * false when nobody could be asked, or nothing came in time. */
struct asker_answer {
    const unsigned char *addresses;
    size_t count;
    uint32_t ttl_s;
    bool known;
};
void asker_ask(struct asker *asker, const char *domain, const char *address,
    void (*answer)(void *context, const struct asker_answer *answer), void *context);
#endif
