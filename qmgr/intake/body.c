#include "qmgr/intake/body.h"

void body_start(struct intake_message *message)
{
}

void body_text(struct intake_message *message, const char *bytes, size_t length, bool line_end)
{
    writer_put(&message->writer, bytes, length, line_end);
}

void body_finish(struct intake_message *message)
{
}
