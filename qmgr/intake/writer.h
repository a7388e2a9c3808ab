/* writer.h: writes a message's content front to back, in the form that message_file.h describes (CRLF, dots doubled), through
 * one large buffer; and notices on the way what the envelope says about it (size, 8-bit bytes, long lines). */
#ifndef QMGR_INTAKE_WRITER_H
#define QMGR_INTAKE_WRITER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qmgr/client/message_file.h"
#include "util/base/str.h"

enum { WRITER_BUFFER_BYTES = 65536 };

struct writer {
    int fd;              /* borrowed */
    char *buffer;        /* WRITER_BUFFER_BYTES, kept between messages */
    size_t used;
    uint64_t flushed_to; /* file offset of the buffer's first byte */
    uint32_t checksum;   /* CRC-32 of what was flushed */
    int error;           /* errno of the first failure, 0: all is well */
    size_t line_length;  /* bytes of the present line so far; 0 with line_is_open false: at its start */
    bool line_is_open;
    unsigned char seen;  /* all bytes, or-ed together */
    bool long_lines;     /* some line is longer than 998 bytes */
    uint64_t text_bytes; /* with LF line ends, dots single: what "size=" means */
    uint64_t lines;
};

/* Starts behind the file's fixed header. */
void writer_start(struct writer *writer, int fd);
void writer_release(struct writer *writer);

/* A line or a part of one, without its line end. */
void writer_put(struct writer *writer, const char *bytes, size_t length, bool line_end);
/* Text with LF between its lines; the last one is ended, too. */
void writer_put_lines(struct writer *writer, const char *bytes, size_t length);
/* Bytes as they are (the encoded envelope). */
void writer_put_raw(struct writer *writer, const char *bytes, size_t length);
/* Reads back what was put, from buffer or file. False: writer->error. */
bool writer_read(struct writer *writer, uint64_t offset, char *bytes, size_t length);
/* Where the next byte goes. */
uint64_t writer_offset(const struct writer *writer);
/* Ends an open line, writes out what is buffered, and with it the header that makes the file whole: file's extents and queue id are
 * set, the rest is filled in. False: writer->error. */
bool writer_finish(struct writer *writer, struct message_file *file);
#endif
