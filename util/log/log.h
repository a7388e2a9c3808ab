/* log.h: one line for people and their tools, in Postfix's wording: "postfix/smtpd[123]: warning: ...".
 * It goes to syslog, or where log_to_* was told to. What isn't printable is replaced by '?', so that nothing a peer sent can
 * forge a line. The one piece of process-wide state of the project lives in log.c. */
#ifndef UTIL_LOG_LOG_H
#define UTIL_LOG_LOG_H
#include <stdbool.h>

/* Starts logging as "<syslog_name>/<service>"; service NULL for a bare command ("postfix/postmap" has one, too).
 * Opens syslog at once, so that it works after a chroot. Until then lines go to standard error only. */
void log_open(const char *syslog_name, const char *service);

/* The syslog facility of all lines from now on, by its name (syslog_facility: "mail", "local3" ...); until then it is mail. An
 * unknown name changes nothing: the configuration's reader has refused it. */
void log_set_facility(const char *name);

/* The same process may speak for another of Postfix's programs (smtpd logs message ids as cleanup did). Returns the
 * previous service, to be put back; texts are borrowed for as long as they are set. A name with a '/' in it is the whole tag: the
 * other program's syslog_name may differ from ours. */
const char *log_set_service(const char *service);

/* smtputf8_enable = no: what isn't ASCII is replaced, too. */
void log_in_ascii(void);

/* Also to standard error (commands, when it is a terminal or told so); only errors and warnings, or everything. */
void log_to_stderr(bool also_info);
/* The name by which people called the program (mailq), where that isn't the service (sendmail); borrowed. */
void log_name_on_stderr(const char *name);
void log_not_to_stderr(void); /* a daemon has started, or somebody else shows its log there */

/* Not to syslog: tools whose complaints only who called them should see. */
void log_without_syslog(void);

/* Instead of syslog: datagrams to the postlog service (path: its socket), or plain lines to a descriptor (owned by the
 * caller, for example standard output in the foreground). */
bool log_to_postlog(const char *socket_path);
void log_to_postlog_fd(int fd); /* a datagram socket that is connected to it already; stays the caller's */
void log_to_fd(int fd);

/* -v given so many times. */
void log_set_debug(int level);
int log_debug_level(void);

/* One line each: what happened to mail; what an administrator should look at; what failed, though the program goes on. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2))); /* only when debug level > 0 */
/* A line as log_fatal would write it ("fatal: "), for somebody else: the process goes on. */
void log_quote(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Last words: logs, then exits with status 1. */
_Noreturn void log_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void log_fatal_status(int exit_status, const char *format, ...) __attribute__((format(printf, 2, 3)));
#endif
