#include "qmgr/client/drop_pipe.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/io/fd.h"
#include "util/log/log.h"

enum { TOO_BIG_STATUS = 27 }; /* of postdrop */

static _Noreturn void run_postdrop(const char *path, int input, int output)
{
    if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0)
        execl(path, "postdrop", "-r", (char *)NULL);
    log_error("unable to execute %s: %s", path, strerror(errno));
    _exit(75);
}

/* A line with the name. */
static bool read_id(struct drop_pipe *drop, int reply)
{
    size_t length = 0;

    while (length < sizeof(drop->id)) {
        ssize_t count = read(reply, drop->id + length, 1);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        if (drop->id[length] == '\n') {
            drop->id[length] = '\0';
            return length > 0;
        }
        length++;
    }
    return false;
}

static enum drop_outcome await(struct drop_pipe *drop)
{
    int status;

    fd_close(&drop->writer.fd);
    while (waitpid(drop->child, &status, 0) < 0) {
        if (errno != EINTR)
            return DROP_FAILED;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == TOO_BIG_STATUS)
        return DROP_TOO_BIG;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? DROP_QUEUED : DROP_FAILED;
}

bool drop_pipe_start(struct drop_pipe *drop, const char *folder)
{
    struct str path = {0};
    int input[2] = { -1, -1 };
    int output[2] = { -1, -1 };
    bool good = false;

    *drop = (struct drop_pipe){ .child = -1 };
    str_printf(&path, "%s/postdrop", folder);
    if (pipe(input) == 0 && pipe(output) == 0) {
        fd_set_close_on_exec(input[1], true);
        fd_set_close_on_exec(output[0], true);
        drop->child = fork();
    }
    if (drop->child == 0)
        run_postdrop(str_text(&path), input[0], output[1]);
    if (drop->child < 0) {
        log_warning("start %s: %s", str_text(&path), strerror(errno));
        fd_close(&input[1]);
    }
    fd_close(&input[0]);
    fd_close(&output[1]);
    drop->writer.fd = input[1];
    if (drop->child > 0) {
        good = read_id(drop, output[0]);
        if (!good)
            (void)await(drop); /* it has said why */
    }
    fd_close(&output[0]);
    str_free(&path);
    return good;
}

enum drop_outcome drop_pipe_finish(struct drop_pipe *drop)
{
    (void)drop_file_end(&drop->writer); /* postdrop's status says it all */
    return await(drop);
}

void drop_pipe_cancel(struct drop_pipe *drop)
{
    str_free(&drop->writer.text);
    (void)await(drop); /* without the end it removes the file */
}
