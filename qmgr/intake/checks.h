/* checks.h: header_checks, mime_header_checks, nested_header_checks and body_checks (header_checks(5)). */
#ifndef QMGR_INTAKE_CHECKS_H
#define QMGR_INTAKE_CHECKS_H
#include <stdbool.h>

#include "util/config/config.h"

struct checks;

struct checks *checks_open(const struct config *config);
void checks_close(struct checks *checks);
bool checks_have_changed(struct checks *checks);
#endif
