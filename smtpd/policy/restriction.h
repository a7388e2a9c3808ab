/* restriction.h: restriction lists as main.cf and access tables have them, parsed once. A restriction is one row of the
 * table in restriction_types.c: its name, the argument it takes, and the function that decides. */
#ifndef SMTPD_POLICY_RESTRICTION_H
#define SMTPD_POLICY_RESTRICTION_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/arena.h"
#include "util/config/config.h"
#include "util/table/table.h"

struct evaluation;
struct restriction;

enum decision {
    DECISION_DUNNO,  /* ask the next one */
    DECISION_PERMIT, /* this list has nothing against it */
    DECISION_REJECT, /* the verdict is in the result */
};

enum restriction_argument { ARGUMENT_NONE, ARGUMENT_TABLE, ARGUMENT_NUMBER, ARGUMENT_DOMAIN, ARGUMENT_SERVICE, ARGUMENT_ORDERED_TABLE };

struct dns_list;
struct policy_service;

enum {
    RESTRICTION_ENDS_LIST = 1,    /* what follows is never reached */
    RESTRICTION_STOPS_RELAY = 2,  /* fit for the check that this isn't an open relay */
    RESTRICTION_MODIFIER = 4,     /* works on the next one (warn_if_reject) */
    RESTRICTION_OF_RECIPIENT = 8, /* nothing to decide, and to warn of, as long as there is no recipient */
};

struct restriction_type {
    const char *name;
    enum restriction_argument argument;
    unsigned flags;
    enum decision (*decide)(struct evaluation *evaluation, const struct restriction *restriction);
    const char *use_instead; /* deprecated: what the warning recommends, or NULL */
};

/* What a bare "type:name" means in a list, in the classes that it names, and in the entries of its tables. */
struct restriction_context {
    const char *implied; /* the restriction that it stands for ("check_client_access"), or NULL: it is a mistake */
    const char *what;    /* how a complaint calls such a list ("Data command") */
};

struct restriction_list {
    const struct restriction_context *context;
    const char *title; /* parameter, class or table that it comes from */
    struct restriction *items;
    size_t count;
};

struct restriction {
    const struct restriction_type *type;
    const char *name;               /* as written */
    const char *argument;           /* as written, or NULL */
    struct table *table;            /* ARGUMENT_TABLE, ARGUMENT_ORDERED_TABLE */
    const char *search_order;       /* ARGUMENT_ORDERED_TABLE: "cert_fingerprint, pubkey_fingerprint"; NULL: the usual one */
    struct restriction_list *class; /* a restriction class */
    struct dns_list *dns_list;      /* ARGUMENT_DOMAIN; NULL: not taken apart yet */
    struct policy_service *service; /* ARGUMENT_SERVICE; owned by the parser */
    const char *flaw;               /* ARGUMENT_*: what the log says when it is reached; the client gets a 451 */
    bool warned;                    /* deprecation was logged */
};

/* Everything that is opened while parsing, once per type:name; and the classes. */
struct restriction_parser {
    const struct config *config;
    const struct restriction_type *(*find_type)(const char *name); /* NULL: no such name */
    struct arena *arena; /* of the process */
    struct table *tables[200];
    size_t table_count;
    struct restriction_list *classes[500]; /* by name and context */
    size_t class_count;
    struct policy_service *services[50];
    size_t service_count;
};

/* Parses text; the context must live as long as the list. */
struct restriction_list *restriction_list_parse(struct restriction_parser *parser, const char *title, const char *text,
    const struct restriction_context *context);
/* The right-hand side of an access table, which can name no tables. *flaw: NULL, or the lookup-table complaint is due. */
struct restriction_list *restriction_list_parse_action(struct restriction_parser *parser, struct arena *arena,
    const char *title, const char *text, const struct restriction_context *context);
/* Whether it only works on the next one (warn_if_reject). */
bool restriction_is_modifier(const struct restriction *restriction);
/* What stands behind the restriction at that place although nothing gets past it ("permit", "reject"); NULL: nothing does. */
const char *restriction_list_ignored(const struct restriction_list *list, size_t at);
/* Whether a client that nothing else stops is stopped here. */
bool restriction_list_stops_relay(const struct restriction_list *list);
void restriction_parser_close(struct restriction_parser *parser);
bool restriction_parser_has_changed(struct restriction_parser *parser);
#endif
