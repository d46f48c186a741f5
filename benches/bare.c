/* The least that a program can do for two requests to a Redis: connect, send the one, read its answer, send the other,
   read its answer. The requests are those that `otpctl verify` sent, byte for byte; benches/run compiles them in. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include REQUESTS

static char answer[65536];

/* Reads one whole answer: as many values as its arrays say. */
static int answered(int fd) {
    size_t have = 0, at = 0;
    long open = 1;
    while (open > 0) {
        char *end;
        while ((end = memchr(answer + at, '\n', have - at)) == NULL) {
            ssize_t more = read(fd, answer + have, sizeof answer - have);
            if (more <= 0) return -1;
            have += (size_t)more;
        }
        char kind = answer[at];
        long number = atol(answer + at + 1);
        at = (size_t)(end - answer) + 1;
        if (kind == '-') return -1;
        if (kind == '*' && number > 0) open += number;
        if (kind == '$' && number >= 0) {
            while (have < at + (size_t)number + 2) {
                ssize_t more = read(fd, answer + have, sizeof answer - have);
                if (more <= 0) return -1;
                have += (size_t)more;
            }
            at += (size_t)number + 2;
        }
        open--;
    }
    return 0;
}

int main(int count, char **words) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(count > 1 ? words[1] : "0"))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) return 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (write(fd, first, sizeof first) != sizeof first || answered(fd)) return 1;
    if (write(fd, second, sizeof second) != sizeof second || answered(fd)) return 1;
    return 0;
}
