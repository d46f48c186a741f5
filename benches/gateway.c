/* A gateway that accepts every message at once: one thread, so that it takes as little as it can from the two that are
   measured. It prints its port, and how many messages it took when its standard input ends. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 4096
#define ROOM 16384

static const char accepted[] =
    "{\"data\":{\"id\":\"40385f64-5717-4562-b3fc-2c963f66afa6\",\"to\":[{\"status\":\"queued\"}],\"parts\":1}}";

struct peer {
    size_t have;
    char bytes[ROOM];
};

static struct peer *peers[MOST];
static long taken;

/* How long the request is that the bytes begin with; 0: there is more to come. */
static size_t whole(const char *bytes, size_t have) {
    const char *end = memmem(bytes, have, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t body = 0;
    for (const char *line = bytes; line < end; line = memchr(line, '\n', (size_t)(end - line) + 2) + 1) {
        if (strncasecmp(line, "content-length:", 15) == 0) body = strtoul(line + 15, NULL, 10);
    }
    size_t length = (size_t)(end - bytes) + 4 + body;
    return length <= have ? length : 0;
}

static void hung_up(int fd) {
    free(peers[fd]);
    peers[fd] = NULL;
    close(fd);
}

static void read_from(int fd, const char *reply, size_t length) {
    struct peer *peer = peers[fd];
    ssize_t more = read(fd, peer->bytes + peer->have, ROOM - peer->have);
    if (more <= 0) {
        if (more == 0 || errno != EAGAIN) hung_up(fd);
        return;
    }
    peer->have += (size_t)more;
    for (size_t used; (used = whole(peer->bytes, peer->have)) > 0;) {
        memmove(peer->bytes, peer->bytes + used, peer->have - used);
        peer->have -= used;
        taken++;
        if (write(fd, reply, length) != (ssize_t)length) {
            hung_up(fd);
            return;
        }
    }
    if (peer->have == ROOM) hung_up(fd);
}

int main(void) {
    char reply[512];
    int length = snprintf(reply, sizeof reply,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n%s", sizeof accepted - 1, accepted);
    int yes = 1, listening = socket(AF_INET, SOCK_STREAM, 0), waiting = epoll_create1(0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    if (bind(listening, (struct sockaddr *)&here, size) || listen(listening, 1024)) return 1;
    getsockname(listening, (struct sockaddr *)&here, &size);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    struct epoll_event asked = {.events = EPOLLIN, .data.fd = listening}, told[256];
    epoll_ctl(waiting, EPOLL_CTL_ADD, listening, &asked);
    asked.data.fd = STDIN_FILENO;
    epoll_ctl(waiting, EPOLL_CTL_ADD, STDIN_FILENO, &asked);
    for (;;) {
        int count = epoll_wait(waiting, told, 256, -1);
        for (int at = 0; at < count; at++) {
            int fd = told[at].data.fd;
            if (fd == STDIN_FILENO) {
                printf("%ld\n", taken);
                return 0;
            }
            if (fd != listening) {
                read_from(fd, reply, (size_t)length);
                continue;
            }
            int peer = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
            if (peer < 0 || peer >= MOST || !(peers[peer] = calloc(1, sizeof(struct peer)))) {
                if (peer >= 0) close(peer);
                continue;
            }
            setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            asked = (struct epoll_event){.events = EPOLLIN, .data.fd = peer};
            epoll_ctl(waiting, EPOLL_CTL_ADD, peer, &asked);
        }
    }
}
