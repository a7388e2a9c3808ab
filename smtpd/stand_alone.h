/* stand_alone.h: the SMTP server on standard input and output, with the rights of whoever calls it and without master
 * (sendmail -bs, smtpd -S). */
#ifndef SMTPD_STAND_ALONE_H
#define SMTPD_STAND_ALONE_H

/* One session; the exit status for main. */
int stand_alone_run(void);
#endif
