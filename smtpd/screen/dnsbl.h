/* dnsbl.h: what DNS lists say about a client: asks dnsblog about each list, adds up the weights. Connections of one client share
 * one inquiry. */
#ifndef SMTPD_SCREEN_DNSBL_H
#define SMTPD_SCREEN_DNSBL_H
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/base/str.h"
#include "util/config/config.h"
#include "util/net/ip_address.h"

struct dnsbl;
struct dnsbl_inquiry;
struct dnsbl_listener;

/* Reads postscreen_dnsbl_sites, opens postscreen_dnsbl_reply_map; ends the process on bad syntax. path: dnsblog's socket. */
struct dnsbl *dnsbl_open(const struct config *config, const char *path);
void dnsbl_start(struct dnsbl *dnsbl, struct event_base *events);
void dnsbl_close(struct dnsbl *dnsbl);
bool dnsbl_is_empty(const struct dnsbl *dnsbl);
/* Whether postscreen_dnsbl_reply_map was replaced since. */
bool dnsbl_has_changed(struct dnsbl *dnsbl);

/* Begins, or joins what another connection began. done is called once from the loop, when all lists have answered; not after
 * dnsbl_leave. */
struct dnsbl_listener *dnsbl_join(struct dnsbl *dnsbl, const struct ip_address *client, void (*done)(void *context),
    void *context);
void dnsbl_leave(struct dnsbl_listener *listener); /* NULL is allowed */

/* So far. */
bool dnsbl_is_complete(const struct dnsbl_listener *listener);
int64_t dnsbl_score(const struct dnsbl_listener *listener);
/* The list with the greatest weight that has the client, by the name that clients may see; nothing if none.
 * Appended. */
void dnsbl_put_blamed(const struct dnsbl_listener *listener, struct str *out);
/* How long the result counts, as the answers say, within postscreen_dnsbl_min_ttl and postscreen_dnsbl_max_ttl. */
int64_t dnsbl_ttl_s(const struct dnsbl_listener *listener);
#endif
