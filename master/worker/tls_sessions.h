/* tls_sessions.h: the cache of TLS sessions that the processes of a service share (smtpd_tls_session_cache_database and its
 * siblings), kept by tlsmgr. What is put there is sealed with the service's secret: neither tlsmgr's file nor other services'
 * processes can use it. */
#ifndef MASTER_WORKER_TLS_SESSIONS_H
#define MASTER_WORKER_TLS_SESSIONS_H
#include "master/worker/worker.h"
#include "util/net/tls_context.h"

struct tls_sessions;

/* cache: "smtpd", "smtp" or "lmtp". log_level: smtpd_tls_loglevel or its sibling. Connects when it is needed first; while tlsmgr
 * can't be reached, nothing is found, which was logged. */
struct tls_sessions *tls_sessions_open(struct worker *worker, const char *cache, int log_level);
void tls_sessions_close(struct tls_sessions *sessions); /* NULL is allowed */
/* For tls_context_use_store; context: the struct tls_sessions. */
extern const struct tls_store tls_sessions_store;
#endif
