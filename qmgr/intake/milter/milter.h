/* milter.h: one mail filter during one SMTP session: its connection, what was agreed on, where it stands. A filter that fails
 * gets its default action; whatever it sends can't do more than that. */
#ifndef QMGR_INTAKE_MILTER_MILTER_H
#define QMGR_INTAKE_MILTER_MILTER_H
#include <stdbool.h>

#include "qmgr/intake/milter/milter_settings.h"
#include "qmgr/intake/milter/milter_wire.h"

enum milter_outcome {
    MILTER_GO_ON,
    MILTER_REFUSE,  /* verdict */
    MILTER_HOLD,
    MILTER_DISCARD,
};

struct milter_decision {
    enum milter_outcome outcome;
    struct verdict verdict; /* text lives until the filter is closed */
};

/* The value of a macro ("j", "{client_addr}": as in the list), or NULL. The text is used before the next call. */
typedef const char *milter_macro_value(void *context, const char *name);

struct milter_macros {
    milter_macro_value *value;
    void *context;
};

struct milter;

/* Doesn't connect yet. config and settings are borrowed. */
struct milter *milter_new(const struct config *config, const struct milter_settings *settings);
/* Says goodbye and closes; NULL is allowed. */
void milter_close(struct milter *milter);

/* Connects and negotiates; a failure shows in the next event. */
void milter_connect(struct milter *milter);

/* One event: its macros, then command and data; stage MILTER_STAGES: no macros. */
struct milter_event {
    enum milter_command command;
    enum milter_stage stage;
    const char *data;
    size_t length;
    uint32_t unless;    /* MILTER_NO_*: not sent when the filter said so */
    uint32_t mute;      /* MILTER_MUTE_*: not answered when the filter said so */
    unsigned version;   /* the first protocol version that has the command */
    bool is_content;    /* milter_content_timeout counts */
};
struct milter_decision milter_event(struct milter *milter, const struct milter_event *event,
    const struct milter_macros *macros);

/* The end of the content: take gets every change that the filter asks for and was allowed to. */
typedef void milter_take_change(void *context, const struct milter_answer *change);
struct milter_decision milter_end(struct milter *milter, const struct milter_macros *macros, milter_take_change *take,
    void *context);

/* The message is over, whatever became of it; said with the next event. */
void milter_abort(struct milter *milter);

/* Whether it (still) listens to this message; if not, events are answered without it. */
bool milter_is_listening(const struct milter *milter);
/* It didn't fail, and didn't refuse the session. */
bool milter_is_in_session(const struct milter *milter);
/* A MILTER_NO_*, MILTER_WANTS_... or MILTER_KEEPS_BLANK bit. */
bool milter_wants(const struct milter *milter, uint32_t bit);
/* The last body block was answered with "skip". */
bool milter_skips_body(const struct milter *milter);
#endif
