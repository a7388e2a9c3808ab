/* config_tls.h: what main.cf says about TLS, put together for util/net/tls_context.h. */
#ifndef UTIL_CONFIG_CONFIG_TLS_H
#define UTIL_CONFIG_CONFIG_TLS_H
#include <stdbool.h>

#include "util/base/arena.h"
#include "util/config/config.h"
#include "util/net/tls_context.h"

enum config_tls_level { CONFIG_TLS_NONE, CONFIG_TLS_MAY, CONFIG_TLS_ENCRYPT };

/* The SMTP server's level: smtpd_tls_security_level, else what smtpd_use_tls, smtpd_enforce_tls and
 * smtpd_tls_wrappermode say. Words for clients are warned of, once per call; others end the process. */
enum config_tls_level config_tls_server_level(const struct config *config);
/* Without a keep (tls_context.h): that is the caller's. Texts live in the arena or are the configuration's. */
void config_tls_server(const struct config *config, enum config_tls_level level, struct arena *arena,
    struct tls_settings *settings);
/* For SMTP and LMTP clients (config_use_prefix has put lmtp's values in place). prefix: "smtp_tls_". */
void config_tls_client(const struct config *config, const char *prefix, struct tls_settings *settings);
#endif
