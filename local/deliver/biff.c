#include "local/deliver/biff.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/io/fd.h"

enum { COMSAT_PORT = 512 }; /* biff/udp */

void biff_notify(const char *user, int64_t offset)
{
    struct sockaddr_in comsat = { .sin_family = AF_INET, .sin_port = htons(COMSAT_PORT) };
    char text[320];
    int length = snprintf(text, sizeof(text), "%s@%lld", user, (long long)offset);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    comsat.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && length > 0 && length < (int)sizeof(text))
        (void)sendto(fd, text, (size_t)length, MSG_DONTWAIT, (const struct sockaddr *)&comsat, sizeof(comsat)); /* a courtesy */
    fd_close(&fd);
}
