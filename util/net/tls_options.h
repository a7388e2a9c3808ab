/* tls_options.h: tls_ssl_options and tls_disable_workarounds: OpenSSL's option bits by name, or as a number that
 * starts with 0x. */
#ifndef UTIL_NET_TLS_OPTIONS_H
#define UTIL_NET_TLS_OPTIONS_H
#include <stdbool.h>
#include <stdint.h>

/* False: some word is unknown; *bits holds the known ones. title is the parameter's name, for the warning. */
bool tls_options_parse(const char *title, const char *list, uint64_t *bits);
/* The same for tls_disable_workarounds: *bits are those of SSL_OP_ALL that stay on. */
bool tls_options_workarounds(const char *list, uint64_t *bits);
#endif
