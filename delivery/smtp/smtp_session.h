/* smtp_session.h: a connection to a server: its name in texts, what the server can do, commands out and replies in. Every
 * wait has a limit; a session whose stream failed is of no use any more. */
#ifndef DELIVERY_SMTP_SESSION_H
#define DELIVERY_SMTP_SESSION_H
#include "delivery/smtp/smtp_session_state.h"

/* Takes the socket. name, address: of the server; port 0: a Unix socket. */
struct smtp_session *smtp_session_open(struct smtp_client *client, int socket, const char *name, const char *address,
    unsigned port);
/* An order begins to use it. */
void smtp_session_serve(struct smtp_session *session, struct agent *agent, const char *queue_id);
/* No order uses it any more: a notice goes out, if one is due. */
void smtp_session_rest(struct smtp_session *session);
void smtp_session_close(struct smtp_session *session); /* NULL is allowed; just closes */
/* Says QUIT, waits for the reply if smtp_skip_quit_response is off, closes. */
void smtp_session_quit(struct smtp_session *session);

/* The time limit for what follows; stage as in "while sending MAIL FROM". */
void smtp_session_begin(struct smtp_session *session, int64_t timeout_s, const char *stage);
/* Puts a command line (CR LF is added). It is sent with the next wait. */
void smtp_session_command(struct smtp_session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for what goes along with something else: the final dot, a QUIT. */
void smtp_session_put_line(struct smtp_session *session, const char *text);
/* Waits for a reply: session->reply. False: the stream failed, or smtp_reply_filter (lacked_data). */
bool smtp_session_read_reply(struct smtp_session *session);
bool smtp_session_failed(const struct smtp_session *session);
#endif
