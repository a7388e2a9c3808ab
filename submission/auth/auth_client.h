/* auth_client.h: who wants to log in, and how far that has got. */
#ifndef SUBMISSION_AUTH_AUTH_CLIENT_H
#define SUBMISSION_AUTH_AUTH_CLIENT_H
#include <stdbool.h>

struct auth_client {
    const char *client_address;
    const char *client_port;
    const char *server_address;
    const char *server_port;
    bool encrypted;
    const char *certificate_name; /* common name of its certificate, "": none there; NULL: it showed none that we trust */
};

enum auth_status {
    AUTH_SUCCEEDED,
    AUTH_CONTINUE,    /* answer: the challenge in base64 */
    AUTH_FAILED,      /* answer: the reason */
    AUTH_UNAVAILABLE, /* nobody there to check it; answer: the reason */
};
#endif
