/* sasl_options.h: *_sasl_*security_options: what a mechanism must not be ("noplaintext"), or must ("mutual_auth"). */
#ifndef UTIL_SASL_SASL_OPTIONS_H
#define UTIL_SASL_SASL_OPTIONS_H

enum {
    SASL_OPTION_NO_PLAINTEXT = 1,
    SASL_OPTION_NO_ACTIVE = 2,
    SASL_OPTION_NO_DICTIONARY = 4,
    SASL_OPTION_NO_ANONYMOUS = 8,
    SASL_OPTION_FORWARD_SECRECY = 16,
    SASL_OPTION_MUTUAL_AUTH = 32,
};

/* SASL_OPTION_* bits. Ends the process on words that nobody knows: guessing would weaken what the administrator wanted. */
unsigned sasl_options_parse(const char *parameter, const char *text);
#endif
