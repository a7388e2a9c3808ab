/* session_options.h: who the client is and what it wants, from the command line of posthaste session. */
#ifndef SMTPD_REHEARSE_SESSION_OPTIONS_H
#define SMTPD_REHEARSE_SESSION_OPTIONS_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/arena.h"
#include "util/config/config.h"

struct session_options {
    const char *address;
    const char *name;         /* NULL: look it up */
    const char *reverse_name; /* NULL: as name */
    const char *helo;         /* NULL: made from name or address */
    const char *sender;
    const char *login;        /* NULL: nobody */
    const char *service;      /* of master.cf, "submission" or "submission/inet"; NULL: "smtp" */
    const char **recipients;
    size_t recipient_count;
    struct config_override *overrides;
    size_t override_count;
    bool encrypted;
    bool ask;     /* policy servers, too */
    bool verbose; /* show restrictions that had nothing to say */
};

/* Ends the process with a line about usage. Texts are argv's or the arena's. */
void session_options_parse(int argc, char **argv, struct arena *arena, struct session_options *options);
#endif
