/* phrases.h: what a client may say, by a letter for the command and a byte that chooses among its forms. So the seeds can be
 * read. */
#ifndef TESTS_FUZZ_SESSION_PHRASES_H
#define TESTS_FUZZ_SESSION_PHRASES_H
#include "tests/fuzz/session/model.h"

/* NULL: the letter stands for nothing. '0' chooses the first form. */
const struct model_phrase *phrases_find(unsigned char letter, unsigned char form);
/* The same for any byte. */
const struct model_phrase *phrases_choose(unsigned char letter, unsigned char form);

extern const struct model_phrase phrases_greeting;
extern const struct model_phrase phrases_content;
extern const struct model_phrase phrases_chunk;

/* A piece of content: as it goes over the wire after DATA, and (BDAT) without added dots. */
struct phrases_piece {
    const char *stuffed;
    const char *plain;
    bool bare_lf;
};
/* letter 'l': any; other letters choose, too. */
const struct phrases_piece *phrases_piece(unsigned char form);
#endif
