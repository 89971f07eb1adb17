/*
 * A minimal echo server on io_uring(7): one ring, multishot accept and receive, received bytes sent
 * from the ring's own buffers, and one io_uring_enter per batch. It is a contender of the benchmark
 * like echo.c and unfit for other use.
 *
 * Uses the kernel's interface directly, so that it needs no library.
 *
 * usage: echo_uring PORT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SQ_ENTRIES = 4096, CQ_ENTRIES = 32768, BUFFERS = 512, BUFFER_SIZE = 16 * 1024 };
enum { FILES = 65536 };
enum { ACCEPT, RECEIVE, SEND };

/* Each connection sends one buffer at a time; otherwise sends could overtake and reorder bytes. */
struct connection {
    int first, last; /* received buffers that are not yet sent; -1 for none */
    int ended;
};

static struct connection connections[FILES];
static char *buffers;
static int lengths[BUFFERS], next[BUFFERS];
static struct io_uring_buf_ring *pool;
static unsigned short pool_tail;
static int unarmed[FILES], unarmed_count; /* stopped receiving because no buffer was free */

static int ring;
static unsigned *sq_head, *sq_tail, *cq_head, *cq_tail;
static unsigned sq_mask, cq_mask, sq_local;
static struct io_uring_sqe *sqes;
static struct io_uring_cqe *cqes;
static int listener;

static void check(long result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static void enter(unsigned wait) {
    unsigned submitted = sq_local - __atomic_load_n(sq_head, __ATOMIC_ACQUIRE);
    __atomic_store_n(sq_tail, sq_local, __ATOMIC_RELEASE);
    long result = syscall(
            __NR_io_uring_enter, ring, submitted, wait, IORING_ENTER_GETEVENTS, NULL, 0);
    if (result < 0 && errno != EINTR && errno != EBUSY && errno != EAGAIN) {
        check(result, "io_uring_enter");
    }
}

static struct io_uring_sqe *prepare(int opcode, int fd, uint64_t kind) {
    while (sq_local - __atomic_load_n(sq_head, __ATOMIC_ACQUIRE) == SQ_ENTRIES) {
        enter(0);
    }
    struct io_uring_sqe *sqe = &sqes[sq_local++ & sq_mask];
    memset(sqe, 0, sizeof *sqe);
    sqe->opcode = opcode;
    sqe->fd = fd;
    sqe->user_data = kind << 32 | (unsigned) fd;
    return sqe;
}

static void accept_all(void) {
    struct io_uring_sqe *sqe = prepare(IORING_OP_ACCEPT, listener, ACCEPT);
    sqe->ioprio = IORING_ACCEPT_MULTISHOT;
}

static void receive(int fd) {
    struct io_uring_sqe *sqe = prepare(IORING_OP_RECV, fd, RECEIVE);
    sqe->ioprio = IORING_RECV_MULTISHOT;
    sqe->flags = IOSQE_BUFFER_SELECT;
    sqe->buf_group = 0;
}

static void send_first(int fd) {
    int buffer = connections[fd].first;
    struct io_uring_sqe *sqe = prepare(IORING_OP_SEND, fd, SEND);
    sqe->addr = (uintptr_t) (buffers + (size_t) buffer * BUFFER_SIZE);
    sqe->len = lengths[buffer];
    sqe->msg_flags = MSG_WAITALL | MSG_NOSIGNAL; /* the kernel sends the rest of a short send */
}

static void give_back(int buffer) {
    struct io_uring_buf *entry = &pool->bufs[pool_tail++ & (BUFFERS - 1)];
    entry->addr = (uintptr_t) (buffers + (size_t) buffer * BUFFER_SIZE);
    entry->len = BUFFER_SIZE;
    entry->bid = buffer;
    __atomic_store_n(&pool->tail, pool_tail, __ATOMIC_RELEASE);
}

static void close_if_done(int fd) {
    if (connections[fd].ended && connections[fd].first < 0) {
        close(fd);
    }
}

static void accepted(int fd) {
    if (fd >= FILES) {
        close(fd);
        return;
    }
    connections[fd] = (struct connection) {.first = -1, .last = -1};
    receive(fd);
}

static void received(int fd, const struct io_uring_cqe *cqe) {
    struct connection *connection = &connections[fd];
    if (cqe->res > 0) {
        int buffer = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
        lengths[buffer] = cqe->res;
        next[buffer] = -1;
        if (connection->first < 0) {
            connection->first = connection->last = buffer;
            send_first(fd);
        } else {
            next[connection->last] = buffer;
            connection->last = buffer;
        }
        if (!(cqe->flags & IORING_CQE_F_MORE)) {
            receive(fd);
        }
    } else if (cqe->res == -ENOBUFS) {
        unarmed[unarmed_count++] = fd;
    } else {
        connection->ended = 1;
        close_if_done(fd);
    }
}

static void sent(int fd, int result) {
    struct connection *connection = &connections[fd];
    int buffer = connection->first;
    connection->first = next[buffer];
    int failed = result < lengths[buffer];
    give_back(buffer);
    if (failed) {
        while (connection->first >= 0) {
            buffer = connection->first;
            connection->first = next[buffer];
            give_back(buffer);
        }
        shutdown(fd, SHUT_RDWR); /* this also ends the multishot receive */
    } else if (connection->first >= 0) {
        send_first(fd);
    }
    close_if_done(fd);
}

static void rearm(void) {
    for (int i = 0; i < unarmed_count; i++) {
        receive(unarmed[i]);
    }
    unarmed_count = 0;
}

static void set_up(void) {
    struct io_uring_params params = {
            .flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
            .cq_entries = CQ_ENTRIES};
    ring = syscall(__NR_io_uring_setup, SQ_ENTRIES, &params);
    check(ring, "io_uring_setup");
    size_t sq_size = params.sq_off.array + params.sq_entries * sizeof(unsigned);
    size_t cq_size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
    char *rings = mmap(NULL, sq_size > cq_size ? sq_size : cq_size, PROT_READ | PROT_WRITE,
            MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
    sqes = mmap(NULL, params.sq_entries * sizeof *sqes, PROT_READ | PROT_WRITE,
            MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
    if (rings == MAP_FAILED || sqes == MAP_FAILED) {
        check(-1, "mmap");
    }
    sq_head = (unsigned *) (rings + params.sq_off.head);
    sq_tail = (unsigned *) (rings + params.sq_off.tail);
    sq_mask = params.sq_entries - 1;
    unsigned *array = (unsigned *) (rings + params.sq_off.array);
    for (unsigned i = 0; i < params.sq_entries; i++) {
        array[i] = i;
    }
    cq_head = (unsigned *) (rings + params.cq_off.head);
    cq_tail = (unsigned *) (rings + params.cq_off.tail);
    cq_mask = params.cq_entries - 1;
    cqes = (struct io_uring_cqe *) (rings + params.cq_off.cqes);

    buffers = mmap(NULL, (size_t) BUFFERS * BUFFER_SIZE, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pool = mmap(NULL, BUFFERS * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffers == MAP_FAILED || pool == MAP_FAILED) {
        check(-1, "mmap");
    }
    struct io_uring_buf_reg registration = {
            .ring_addr = (uintptr_t) pool, .ring_entries = BUFFERS, .bgid = 0};
    check(syscall(__NR_io_uring_register, ring, IORING_REGISTER_PBUF_RING, &registration, 1),
            "io_uring_register");
    for (int i = 0; i < BUFFERS; i++) {
        give_back(i);
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: echo_uring PORT\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    int on = 1;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    check(listener, "socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* inherited */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    check(bind(listener, (struct sockaddr *) &address, sizeof address), "bind");
    check(listen(listener, 4096), "listen");
    set_up();
    accept_all();
    for (;;) {
        enter(1);
        unsigned head = *cq_head;
        unsigned tail = __atomic_load_n(cq_tail, __ATOMIC_ACQUIRE);
        for (; head != tail; head++) {
            const struct io_uring_cqe *cqe = &cqes[head & cq_mask];
            int fd = (int) (cqe->user_data & 0xFFFFFFFF);
            switch (cqe->user_data >> 32) {
                case ACCEPT:
                    if (cqe->res >= 0) {
                        accepted(cqe->res);
                    }
                    if (!(cqe->flags & IORING_CQE_F_MORE)) {
                        accept_all();
                    }
                    break;
                case RECEIVE:
                    received(fd, cqe);
                    break;
                case SEND:
                    sent(fd, cqe->res);
                    break;
            }
        }
        __atomic_store_n(cq_head, head, __ATOMIC_RELEASE);
        rearm();
    }
}
