/* smtp_srv.h: in which order the servers that SRV records name are tried (RFC 2782): by priority, and by lot among those of
 * equal priority, where a record's weight is its number of tickets. */
#ifndef DELIVERY_SMTP_SRV_H
#define DELIVERY_SMTP_SRV_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base/arena.h"
#include "util/net/dns.h"

/* Puts the records into that order. random_below gives a number from 0 to bound - 1. Pure otherwise. */
void smtp_srv_order(struct dns_record *records, size_t count, uint32_t (*random_below)(uint32_t bound));

/* "_submission._tcp.example.com"; in the arena. */
const char *smtp_srv_name(const char *service, const char *domain, struct arena *arena);

/* Takes out the target ".", which says that the service isn't available. The number of records that are left. */
size_t smtp_srv_drop_null(struct dns_record *records, size_t count);
#endif
