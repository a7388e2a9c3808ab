/* Any text as main.cf, and the same as master.cf. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/config/check.h"
#include "util/config/config.h"
#include "util/config/master_cf.h"
#include "util/log/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = memory_copy_bytes(data, size);
    struct config *config = NULL;
    struct master_cf *master_cf = NULL;
    struct str why = { 0 };

    log_open("fuzz", "fuzz");
    log_without_syslog();
    (void)config_from_text(text, NULL, 0, "smtpd", &config, &why); /* whether it is good doesn't matter here */
    (void)master_cf_parse("master.cf", text, strlen(text), false, NULL, NULL, &master_cf, &why); /* the same */
    if (config != NULL)
        check_free(check_new(config->dictionary, master_cf));
    master_cf_free(master_cf);
    config_free(config);
    str_free(&why);
    free(text);
    return 0;
}
