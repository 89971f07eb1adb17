/*
 * A minimal echo server on epoll: one event loop, level-triggered, with two system calls per echo,
 * read and write, in addition to epoll_wait. It is the reference of the benchmark and unfit for
 * other use, because it blocks until a slow reader's socket accepts all bytes.
 *
 * With a second argument, it polls for that many microseconds after its last event before it
 * sleeps.
 *
 * usage: echo PORT [MICROSECONDS]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buffer[64 * 1024];

static void check(int result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static void watch(int epoll, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static int writes_all(int fd, ssize_t count) {
    for (ssize_t done = 0; done < count;) {
        ssize_t written = write(fd, buffer + done, count - done);
        if (written >= 0) {
            done += written;
        } else if (errno == EAGAIN) {
            struct pollfd writable = {.fd = fd, .events = POLLOUT};
            poll(&writable, 1, -1);
        } else {
            return 0;
        }
    }
    return 1;
}

static long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000L + time.tv_nsec / 1000;
}

static int wait_for(int epoll, struct epoll_event *events, int count, long busy_micros) {
    if (busy_micros > 0) {
        long end = now() + busy_micros;
        do {
            int ready = epoll_wait(epoll, events, count, 0);
            if (ready != 0) {
                return ready;
            }
        } while (now() < end);
    }
    return epoll_wait(epoll, events, count, -1);
}

int main(int argc, char **argv) {
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: echo PORT [MICROSECONDS]\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    check(listener, "socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* inherited */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    check(bind(listener, (struct sockaddr *) &address, sizeof address), "bind");
    check(listen(listener, 4096), "listen");
    int epoll = epoll_create1(0);
    check(epoll, "epoll_create1");
    watch(epoll, listener);

    long busy_micros = argc == 3 ? atol(argv[2]) : 0;
    struct epoll_event events[512];
    for (;;) {
        int ready = wait_for(epoll, events, 512, busy_micros);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                int accepted;
                while ((accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    watch(epoll, accepted);
                }
                continue;
            }
            ssize_t count = read(fd, buffer, sizeof buffer);
            if (count < 0 && errno == EAGAIN) {
                continue;
            }
            if (count <= 0 || !writes_all(fd, count)) {
                close(fd);
            }
        }
    }
}
