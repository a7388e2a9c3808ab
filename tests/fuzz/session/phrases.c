#include "tests/fuzz/session/phrases.h"

#include "util/base/memory.h"

#define TEN(x) x x x x x x x x x x
#define LONG_LINE TEN(TEN("0123456789")) TEN(TEN("abcdefghij")) TEN(TEN("ABCDEFGHIJ"))

const struct model_phrase phrases_greeting = { MODEL_GREETING, "", 0, NULL, NULL, 0 };
const struct model_phrase phrases_content = { MODEL_CONTENT, "", 0, NULL, NULL, 0 };
const struct model_phrase phrases_chunk = { MODEL_CHUNK, "", 0, NULL, NULL, 0 };

static const struct model_phrase hello[] = {
    { MODEL_HELLO, "EHLO one.test", TRAIT_EXTENDED, "one.test", NULL, 0 },
    { MODEL_HELLO, "HELO two.test", 0, "two.test", NULL, 0 },
    { MODEL_HELLO, "EHLO three.test", TRAIT_EXTENDED, "three.test", NULL, 0 },
    { MODEL_HELLO, "EHLO", TRAIT_BAD | TRAIT_EXTENDED, NULL, NULL, 0 },
    { MODEL_HELLO, "HELO", TRAIT_BAD, NULL, NULL, 0 },
    { MODEL_NONSENSE, "LHLO one.test", 0, NULL, NULL, 0 },
};
static const struct model_phrase mail[] = {
    { MODEL_MAIL, "MAIL FROM:<a@one.test>", 0, "a@one.test", NULL, 0 },
    { MODEL_MAIL, "mail from:<b@two.test> SIZE=100 ENVID=env1 RET=HDRS", TRAIT_HEADERS, "b@two.test", "env1", 0 },
    { MODEL_MAIL, "MAIL FROM:<>", 0, "", NULL, 0 },
    { MODEL_MAIL, "MAIL FROM:<nodata@one.test>", TRAIT_NO_DATA, "nodata@one.test", NULL, 0 },
    { MODEL_MAIL, "MAIL FROM:<noend@one.test>", TRAIT_NO_END, "noend@one.test", NULL, 0 },
    { MODEL_MAIL, "MAIL FROM:<a@one.test> SIZE=123456789", TRAIT_TOO_BIG, "a@one.test", NULL, 0 },
    { MODEL_MAIL, "MAIL FROM:<c@three.test> BODY=8BITMIME SMTPUTF8", 0, "c@three.test", NULL, 0 },
    { MODEL_MAIL, "MAIL FROM:<c@three.test> AUTH=<>", 0, "c@three.test", NULL, 0 },
    { MODEL_MAIL, "MAIL FROM:<a@one.test> ENVID=env2 WHAT=1", TRAIT_BAD, NULL, NULL, 0 },
    { MODEL_MAIL, "MAIL FROM:<a@one.test", TRAIT_BAD, NULL, NULL, 0 },
    { MODEL_MAIL, "MAIL", TRAIT_BAD, NULL, NULL, 0 },
    { MODEL_MAIL, "MAIL FROM:<a@one.test> RET=ALL", TRAIT_BAD, NULL, NULL, 0 },
};
static const struct model_phrase rcpt[] = {
    { MODEL_RCPT, "RCPT TO:<x@here.test>", 0, "x@here.test", "rfc822;x@here.test", 0 },
    { MODEL_RCPT, "rcpt to:<y@here.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;z@else.test", 0, "y@here.test",
      "rfc822;z@else.test", NOTIFY_SUCCESS | NOTIFY_DELAY },
    { MODEL_RCPT, "RCPT TO:<no@here.test>", TRAIT_REFUSED, "no@here.test", NULL, 0 },
    { MODEL_RCPT, "RCPT TO:<u@away.test>", TRAIT_AWAY, "u@away.test", "rfc822;u@away.test", 0 },
    { MODEL_RCPT, "RCPT TO:<hold@here.test>", TRAIT_HOLD, "hold@here.test", NULL, 0 },
    { MODEL_RCPT, "RCPT TO:<prepend@here.test>", TRAIT_PREPEND, "prepend@here.test", NULL, 0 },
    { MODEL_RCPT, "RCPT TO:<discard@here.test>", TRAIT_DISCARD, "discard@here.test", NULL, 0 },
    { MODEL_RCPT, "RCPT TO:<x@here.test> NOTIFY=SOMETIMES", TRAIT_BAD, NULL, NULL, 0 },
    { MODEL_RCPT, "RCPT TO:<>", TRAIT_BAD, NULL, NULL, 0 },
    { MODEL_RCPT, "RCPT FOR:<x@here.test>", TRAIT_BAD, NULL, NULL, 0 },
};
static const struct model_phrase data[] = {
    { MODEL_DATA, "DATA", 0, NULL, NULL, 0 },
    { MODEL_DATA, "data", 0, NULL, NULL, 0 },
    { MODEL_DATA, "DATA now", TRAIT_BAD, NULL, NULL, 0 },
};
static const struct model_phrase bad_chunk[] = {
    { MODEL_CHUNK, "BDAT", TRAIT_BAD, NULL, NULL, 0 },
    { MODEL_CHUNK, "BDAT -1", TRAIT_BAD, NULL, NULL, 0 },
    { MODEL_CHUNK, "BDAT 5 FIRST", TRAIT_BAD, NULL, NULL, 0 },
    { MODEL_CHUNK, "BDAT 99999999999999999999", TRAIT_BAD, NULL, NULL, 0 },
};
static const struct model_phrase rset[] = {
    { MODEL_RSET, "RSET", 0, NULL, NULL, 0 },
    { MODEL_RSET, "RSET all", TRAIT_BAD, NULL, NULL, 0 },
};
static const struct model_phrase vrfy[] = {
    { MODEL_VRFY, "VRFY x@here.test", 0, NULL, NULL, 0 },
    { MODEL_VRFY, "VRFY no@here.test", 0, NULL, NULL, 0 },
    { MODEL_VRFY, "VRFY hold@here.test", 0, NULL, NULL, 0 },
    { MODEL_VRFY, "VRFY discard@here.test", 0, NULL, NULL, 0 },
    { MODEL_VRFY, "VRFY <", 0, NULL, NULL, 0 },
    { MODEL_VRFY, "VRFY", 0, NULL, NULL, 0 },
};
static const struct model_phrase noop[] = {
    { MODEL_NOOP, "NOOP", 0, NULL, NULL, 0 },
    { MODEL_NOOP, "NOOP DATA", 0, NULL, NULL, 0 },
};
static const struct model_phrase etrn[] = {
    { MODEL_ETRN, "ETRN here.test", 0, NULL, NULL, 0 },
    { MODEL_ETRN, "ETRN", 0, NULL, NULL, 0 },
};
static const struct model_phrase starttls[] = {
    { MODEL_STARTTLS, "STARTTLS", 0, NULL, NULL, 0 },
    { MODEL_STARTTLS, "STARTTLS please", TRAIT_BAD, NULL, NULL, 0 },
};
static const struct model_phrase auth[] = {
    { MODEL_AUTH, "AUTH PLAIN AGFsaWNlAGdvb2Q=", 0, "alice", NULL, 0 },
    { MODEL_AUTH, "AUTH PLAIN AGJvYgBnb29k", 0, "bob", NULL, 0 },
    { MODEL_AUTH, "AUTH PLAIN AGFsaWNlAGJhZA==", 0, NULL, NULL, 0 },
    { MODEL_AUTH, "AUTH PLAIN", TRAIT_CHALLENGE, NULL, NULL, 0 },
    { MODEL_AUTH, "AUTH LOGIN", TRAIT_CHALLENGE, NULL, NULL, 0 },
    { MODEL_AUTH, "AUTH PLAIN AGxhdGVyAGdvb2Q=", 0, NULL, NULL, 0 },
    { MODEL_AUTH, "AUTH PLAIN AGRyb3AAZ29vZA==", 0, NULL, NULL, 0 },
    { MODEL_AUTH, "AUTH PLAIN !!", 0, NULL, NULL, 0 },
    { MODEL_AUTH, "AUTH WHAT", 0, NULL, NULL, 0 },
    { MODEL_AUTH, "AUTH PLAIN = =", TRAIT_BAD, NULL, NULL, 0 },
    { MODEL_AUTH, "AUTH", TRAIT_BAD, NULL, NULL, 0 },
};
/* After AUTH PLAIN. */
static const struct model_phrase response[] = {
    { MODEL_RESPONSE, "AGFsaWNlAGdvb2Q=", 0, "alice", NULL, 0 },
    { MODEL_RESPONSE, "AGJvYgBiYWQ=", 0, NULL, NULL, 0 },
    { MODEL_RESPONSE, "*", 0, NULL, NULL, 0 },
    { MODEL_RESPONSE, "!!", 0, NULL, NULL, 0 },
    { MODEL_RESPONSE, "MAIL FROM:<a@one.test>", 0, NULL, NULL, 0 },
    { MODEL_RESPONSE, "AGRyb3AAZ29vZA==", 0, NULL, NULL, 0 },
    { MODEL_RESPONSE, LONG_LINE LONG_LINE LONG_LINE LONG_LINE LONG_LINE, 0, NULL, NULL, 0 },
    { MODEL_RESPONSE, "", 0, NULL, NULL, 0 },
};
/* After AUTH LOGIN: the name, ... */
static const struct model_phrase user[] = {
    { MODEL_RESPONSE, "Ym9i", TRAIT_CHALLENGE, NULL, NULL, 0 },
    { MODEL_RESPONSE, "*", 0, NULL, NULL, 0 },
    { MODEL_RESPONSE, "!!", 0, NULL, NULL, 0 },
};
/* ... the password. */
static const struct model_phrase password[] = {
    { MODEL_RESPONSE, "Z29vZA==", 0, "bob", NULL, 0 },
    { MODEL_RESPONSE, "YmFk", 0, NULL, NULL, 0 },
    { MODEL_RESPONSE, "*", 0, NULL, NULL, 0 },
    { MODEL_RESPONSE, "!!", 0, NULL, NULL, 0 },
};
static const struct model_phrase xclient[] = {
    { MODEL_XCLIENT, "XCLIENT ADDR=192.0.2.7 PORT=1", TRAIT_STRANGER, "192.0.2.7", NULL, 0 },
    { MODEL_XCLIENT, "XCLIENT ADDR=127.0.0.1", 0, "127.0.0.1", NULL, 0 },
    { MODEL_XCLIENT, "XCLIENT LOGIN=carol", 0, NULL, "carol", 0 },
    { MODEL_XCLIENT, "XCLIENT LOGIN=[UNAVAILABLE] NAME=foo.test", 0, NULL, NULL, 0 },
    { MODEL_XCLIENT, "XCLIENT NAME=[TEMPUNAVAIL]", 0, NULL, NULL, 0 },
    { MODEL_XCLIENT, "XCLIENT ADDR=192.0.2.7 FOO=bar", TRAIT_BAD, NULL, NULL, 0 },
    { MODEL_XCLIENT, "XCLIENT LOGIN=carol HELO=bad.test PROTO=WHAT", TRAIT_BAD, NULL, NULL, 0 },
    { MODEL_XCLIENT, "XCLIENT PROTO=ESMTP ADDR=1234", TRAIT_BAD, NULL, NULL, 0 },
    { MODEL_XCLIENT, "XCLIENT", TRAIT_BAD, NULL, NULL, 0 },
};
static const struct model_phrase xforward[] = {
    { MODEL_XFORWARD, "XFORWARD ADDR=198.51.100.1 HELO=far.test", 0, "198.51.100.1", NULL, 0 },
    { MODEL_XFORWARD, "XFORWARD ADDR=198.51.100.2 FOO=bar", TRAIT_BAD, NULL, NULL, 0 },
    { MODEL_XFORWARD, "XFORWARD ADDR=198.51.100.3 SOURCE=WHAT", TRAIT_BAD, NULL, NULL, 0 },
};
static const struct model_phrase quit[] = {
    { MODEL_QUIT, "QUIT", 0, NULL, NULL, 0 },
};
static const struct model_phrase nonsense[] = {
    { MODEL_NONSENSE, "FOO", 0, NULL, NULL, 0 },
    { MODEL_NONSENSE, "", 0, NULL, NULL, 0 },
    { MODEL_NONSENSE, ".", TRAIT_UNCLEAR, NULL, NULL, 0 },
    { MODEL_NONSENSE, "M\x80IL FROM:<a@one.test>", 0, NULL, NULL, 0 },
    { MODEL_NONSENSE, "GET / HTTP/1.1", TRAIT_UNCLEAR, NULL, NULL, 0 },
    { MODEL_NONSENSE, "Subject: x", TRAIT_UNCLEAR, NULL, NULL, 0 },
    { MODEL_NONSENSE, LONG_LINE, TRAIT_UNCLEAR, NULL, NULL, 0 },
};

#define ALL(array) array, COUNT_OF(array)
static const struct {
    char letter;
    const struct model_phrase *phrases;
    size_t count;
} letters[] = {
    { 'e', ALL(hello) },    { 'm', ALL(mail) },  { 'r', ALL(rcpt) },     { 'd', ALL(data) },     { 'B', ALL(bad_chunk) },
    { 's', ALL(rset) },     { 'v', ALL(vrfy) },  { 'n', ALL(noop) },     { 'k', ALL(etrn) },     { 't', ALL(starttls) },
    { 'a', ALL(auth) },     { 'x', ALL(xclient) }, { 'f', ALL(xforward) }, { 'q', ALL(quit) },   { 'g', ALL(nonsense) },
    { 'p', ALL(response) }, { 'u', ALL(user) },  { 'w', ALL(password) },
};
enum { COMMANDS = 15 }; /* the others are for their places */

const struct model_phrase *phrases_find(unsigned char letter, unsigned char form)
{
    for (size_t i = 0; i < COUNT_OF(letters); i++) {
        if ((unsigned char)letters[i].letter == letter)
            return &letters[i].phrases[(unsigned char)(form - '0') % letters[i].count];
    }
    return NULL;
}

const struct model_phrase *phrases_choose(unsigned char letter, unsigned char form)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if ((unsigned char)letters[i].letter == letter)
            return phrases_find(letter, form);
    }
    return phrases_find((unsigned char)letters[letter % COMMANDS].letter, form);
}

static const struct phrases_piece pieces[] = {
    { "one line\r\n", "one line\r\n", false },
    { "..dot\r\n", ".dot\r\n", false },
    { "..\r\n", ".\r\n", false },
    { "....\r\n", "...\r\n", false },
    { "\r\n", "\r\n", false },
    { "RSET\r\n", "RSET\r\n", false },
    { "half a line ", "half a line ", false },
    { "eight \xc3\xa4\xff bits\r\n", "eight \xc3\xa4\xff bits\r\n", false },
    { LONG_LINE "\r\n", LONG_LINE "\r\n", false },
    { "a bare\nline end\r\n", "a bare\nline end\r\n", true },
    { "smuggled\n.\r\nMAIL FROM:<b@two.test>\r\n", "smuggled\n.\r\nMAIL FROM:<b@two.test>\r\n", true },
    { "smuggled\r\n.\nRSET\r\n", "smuggled\r\n.\nRSET\r\n", true },
    { "smuggled\r\n.\rRSET\r\n", "smuggled\r\n.\rRSET\r\n", false },
    { "a lone \r return\r\n", "a lone \r return\r\n", false },
    { "QUIT\r\nBDAT 3 LAST\r\n", "QUIT\r\nBDAT 3 LAST\r\n", false },
};

const struct phrases_piece *phrases_piece(unsigned char form)
{
    return &pieces[(unsigned char)(form - '0') % COUNT_OF(pieces)];
}
