/* delivery.h: what all parts of local(8) share: the process's tables, one recipient of an order, and one step of its expansion. */
#ifndef LOCAL_DELIVERY_H
#define LOCAL_DELIVERY_H
#include <stdbool.h>
#include <sys/types.h>

#include "local/expand/destination.h"
#include "local/mailbox/mailbox_lock.h"
#include "master/worker/worker.h"
#include "qmgr/client/agent.h"
#include "qmgr/intake/intake.h"
#include "qmgr/route/route.h"
#include "util/table/maps.h"

/* Where a destination was found; also the bits of allow_mail_to_* and propagate_unmatched_extensions. */
enum source { SOURCE_NONE = 0, SOURCE_ALIAS = 1, SOURCE_FORWARD = 2, SOURCE_INCLUDE = 4 };

/* prepend_delivered_header */
enum { PREPEND_COMMAND = 1, PREPEND_FILE = 2, PREPEND_FORWARD = 4 };

struct aliases;
struct maildir_batch;

struct local {
    struct worker *worker;
    const struct config *config;
    const struct config *rewrite;   /* as the rewrite service sees it */
    const char *service;            /* for "relay=" */
    struct aliases *aliases;
    struct maps *mailbox_transport_maps;
    struct maps *mailbox_command_maps;
    struct maps *fallback_transport_maps;
    struct maps *status_filter;
    struct router *router;
    struct intake *intake;
    unsigned commands_from;         /* SOURCE_* */
    unsigned files_from;
    unsigned extensions_from;
    unsigned prepend;               /* PREPEND_* */
    struct mailbox_lock lock;
    struct maildir_batch *waiting;  /* deliveries that are to be made durable together (store_maildir.h) */
    uid_t default_uid;
    gid_t default_gid;
    const struct order *current;    /* the one being worked on; NULL: none */
};

struct forwarding;
struct seen;
struct step;

/* What a destination is found with: who led to it. */
struct delivery_line {
    struct delivery *delivery;
    const struct step *parent;
};

/* One recipient of an order, from its start until its verdict. */
struct delivery {
    const struct local *local;
    struct agent *agent;
    struct order *order;
    struct agent_target *target;
    bool verify;                  /* find out only */
    bool expanded;                /* the target led to others, or to several things */
    bool deferred;                /* some step has to be tried again, which repeats all */
    bool has_owner;               /* ... which a list's owner answers for now */
    bool waits;                   /* among local->waiting: it is reported from there, and then ends */
    void (*end)(struct delivery *delivery);
    destination_found *follow;    /* goes on to a destination; context: struct delivery_line. Set by expand_recipient */
    struct seen *seen;            /* whom it led to already */
    struct forwarding *forwarding;/* new messages that are being made */
    struct str *delivered_to;     /* Delivered-To: addresses of the message, folded, LF behind each; NULL: not read yet */
};

/* A local user. */
struct account {
    const char *name;
    uid_t uid;
    gid_t gid;
    const char *home;
    const char *shell;
};

/* One step of an expansion: somebody or something that mail goes to now, and who led here. Texts live in the order's arena. */
struct step {
    const struct step *parent;
    unsigned depth;
    struct recipient recipient;   /* address, original, dsn_orcpt, notify */
    const char *sender;           /* internal form */
    const char *owner;            /* of the list that it came from; NULL: none */
    bool is_listed;               /* some list above has an owner: whom the sender meant isn't told to its members */
    const char *delivered_to;
    const char *local;            /* of the address, in lower case: whole local part, */
    const char *user;             /* ... without extension, */
    const char *extension;        /* ... the extension, "" if there is none */
    const char *domain;
    const char *unmatched;        /* the extension, if the look-up that led here was without it */
    enum source source;
    bool left_aliases;            /* some step above was a .forward or :include: file */
    const char *expanding;        /* the name whose alias or .forward file is being expanded; NULL: none */
    const struct account *account;/* on whose behalf; NULL: nobody's */
    uid_t uid;                    /* the rights for files and commands (has_rights) */
    gid_t gid;
    bool has_rights;
};

enum { STEP_DEPTH_MAX = 100 };
#endif
