/* step_mail.h: the message as it is written into files at a step. */
#ifndef LOCAL_DELIVER_STEP_MAIL_H
#define LOCAL_DELIVER_STEP_MAIL_H
#include "local/delivery.h"
#include "local/mailbox/mail.h"

/* Texts are those of delivery and step. */
struct mail step_mail(const struct delivery *delivery, const struct step *step);
#endif
