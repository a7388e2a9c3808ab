/* options.h: what a worker knows about a message's way in. */
#ifndef QMGR_INTAKE_OPTIONS_H
#define QMGR_INTAKE_OPTIONS_H

/* receive_override_options and the like are worked out by the caller. */
enum {
    INTAKE_NO_ADDRESS_MAPPINGS = 1,   /* canonical, virtual alias, BCC, masquerading off */
    INTAKE_NO_HEADER_BODY_CHECKS = 2,
    INTAKE_NO_MILTERS = 4,
    INTAKE_NO_BCC = 8,
    INTAKE_SMTP = 16,                 /* came by SMTP: bare LF were normalised already; SMTP milters apply */
    INTAKE_LOCAL_REWRITE = 32,        /* rewrite context local: missing headers are added, names completed */
    INTAKE_ADD_MISSING_HEADERS = 64,  /* always_add_missing_headers or context local decides in the caller's stead */
    INTAKE_HOLD = 128,
    INTAKE_BOUNCE_REJECTED = 256,     /* nobody is there to hear a 5xx (sendmail): a message that is refused for good (a check's REJECT,
                                         size, hops, ...) is queued all the same with content_filter "error:STATUS TEXT", so that every
                                         recipient bounces with that reason; intake_end then returns true */
    INTAKE_IS_BOUNCE = 512,
    INTAKE_FILTER_INTERNAL = 1024,    /* internal_mail_filter_classes says that this internal mail is checked, too */
};
#endif
