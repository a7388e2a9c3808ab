/* log_sink.c: a stand-in for the syslog daemon during measurements: reads datagrams at the socket given and appends them to
 * the file given, as cheaply as can be, so that the log costs both mail systems the same. Usage: log_sink SOCKET FILE */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char line[8193];

    if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path))
        return 2;
    memcpy(address.sun_path, argv[1], strlen(argv[1]));
    int socket_fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    int file = open(argv[2], O_CREAT | O_WRONLY | O_APPEND, 0644);
    if (socket_fd < 0 || file < 0 || bind(socket_fd, (struct sockaddr *)&address, sizeof(address)) != 0
        || chmod(argv[1], 0666) != 0)
        return 1;
    for (;;) {
        ssize_t length = recv(socket_fd, line, sizeof(line) - 1, 0);
        if (length <= 0)
            continue;
        line[length] = '\n';
        if (write(file, line, (size_t)length + 1) < 0)
            return 1;
    }
}
