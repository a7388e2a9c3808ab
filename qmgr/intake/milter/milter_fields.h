/* milter_fields.h: a message header as a list of fields that filters may edit. Pure. */
#ifndef QMGR_INTAKE_MILTER_MILTER_FIELDS_H
#define QMGR_INTAKE_MILTER_MILTER_FIELDS_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/arena.h"
#include "util/base/str.h"

/* "Subject: a\n b", without a line end. */
struct milter_field {
    const char *text;
    size_t name_length;
    size_t value; /* where the value begins: behind the colon */
    bool is_own;  /* our trace header */
};

/* A zeroed struct with an arena is an empty list. Our own trace header isn't shown to filters, but they count it when they
 * insert. */
struct milter_fields {
    struct arena *arena;
    struct milter_field *items;
    size_t count;
    size_t capacity;
};

/* Takes the fields of a header block in its stored form (message_file.h). Our own trace header is the first Received that names
 * the queue id; PREPEND actions may have put others before it, and header checks may have removed it. */
void milter_fields_parse(struct milter_fields *fields, const char *block, size_t length, const char *queue_id);

/* The text of a field from what a filter sends: CR goes, lines that would end the field are folded. keeps_blank: the value
 * brings its own blank. False: the name is none. */
bool milter_fields_format(const char *name, const char *value, bool keeps_blank, struct str *text);

/* The text is copied. */
void milter_fields_add(struct milter_fields *fields, const char *text);
void milter_fields_insert(struct milter_fields *fields, size_t index, const char *text);
/* The index-th (from 1; 0 counts as 1) visible field of that name; the count if there is none. */
size_t milter_fields_find(const struct milter_fields *fields, const char *name, size_t index);
/* text NULL: deletes it. */
void milter_fields_replace(struct milter_fields *fields, size_t at, const char *text);
#endif
