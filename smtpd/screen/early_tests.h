/* early_tests.h: the tests before the greeting is complete: does the client talk too early, and what do DNS lists say? */
#ifndef SMTPD_SCREEN_EARLY_TESTS_H
#define SMTPD_SCREEN_EARLY_TESTS_H
#include "smtpd/screen/visitor.h"

/* Sends the first part of the greeting and waits. done is called from the loop unless the connection ended. */
void early_tests_start(struct visitor *visitor, void (*done)(struct visitor *visitor));
#endif
