/* framing.h: where the content of a message ends: the one reader of DATA (RFC 5321 section 4.5.2) and BDAT (RFC 3030). Only
 * CR LF . CR LF ends DATA, unless the administrator lets a lone LF count as a line end (smtpd_forbid_bare_newline = no). */
#ifndef SMTPD_FRAMING_H
#define SMTPD_FRAMING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/io/stream.h"

enum framing_newline {
    FRAMING_BARE_LF_IS_CRLF,   /* no, note: also at the end of the content */
    FRAMING_BARE_LF_NORMALIZE, /* ends lines, but not the content */
};

/* Gets the content: pieces of lines without line ends. */
typedef void framing_sink(void *context, const char *bytes, size_t length, bool line_end);

struct framing {
    enum framing_newline newline;
    framing_sink *sink;
    void *context;
    int64_t min_data_rate;     /* bytes per second, or 0: each so many bytes read put the stream's deadline off by a second */
    int64_t deadline_ms;       /* the stream's present deadline, when min_data_rate is used */
    int64_t max_deadline_s;    /* never further away than this */
    /* results, counted over all chunks */
    uint64_t size_bytes;       /* of content, with CRLF line ends, without added dots */
    bool saw_bare_lf;
    uint64_t line_bytes;       /* of them in a line that hasn't ended yet */
    /* state between chunks */
    bool in_line;              /* the last piece didn't end its line */
    bool held_cr;              /* the chunk ended in CR: its LF may follow */
};

/* Reads until the end of the content and takes it away. STREAM_OK, or why the stream broke off. */
enum stream_status framing_read_data(struct framing *framing, struct stream *stream);
/* Reads exactly length bytes; framing_end_chunks completes a last line without line end. */
enum stream_status framing_read_chunk(struct framing *framing, struct stream *stream, uint64_t length);
void framing_end_chunks(struct framing *framing);
#endif
