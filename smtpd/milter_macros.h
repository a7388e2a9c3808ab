/* milter_macros.h: the values of the macros that mail filters get (MILTER_README "What macros will Postfix send to Milters?"). */
#ifndef SMTPD_MILTER_MACROS_H
#define SMTPD_MILTER_MACROS_H

/* context: the session. name: "j", "{client_addr}". NULL: there is no such macro, or no value. */
const char *milter_macros_value(void *context, const char *name);
#endif
