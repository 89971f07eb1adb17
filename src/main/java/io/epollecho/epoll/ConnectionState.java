package io.epollecho.epoll;

import static io.epollecho.epoll.EpollEvents.EPOLLERR;
import static io.epollecho.epoll.EpollEvents.EPOLLHUP;
import static io.epollecho.epoll.EpollEvents.EPOLLIN;
import static io.epollecho.epoll.EpollEvents.EPOLLOUT;
import static io.epollecho.epoll.EpollEvents.EPOLLPRI;
import static io.epollecho.epoll.EpollEvents.EPOLLRDHUP;

import java.nio.channels.SelectionKey;

/**
 * The states of a socket channel, and what events mean in each.
 *
 * <pre>
 * UNCONNECTED ─connect()─► PENDING ─finishConnect()─► CONNECTED      from every state: CLOSED
 * </pre>
 *
 * <p>A connect that succeeds at once skips PENDING, and an accepted connection begins at CONNECTED.
 */
enum ConnectionState {
    UNCONNECTED,
    PENDING,
    CONNECTED,
    CLOSED;

    private static final int FAILED_OR_HUNG_UP = EPOLLERR | EPOLLHUP;

    /** After these events, a read may return bytes and yet hide what no further edge reports. */
    private static final int MORE_BEHIND_THE_BYTES = FAILED_OR_HUNG_UP | EPOLLRDHUP | EPOLLPRI;

    /** See {@link EpollChannel#readyOps}. */
    int readyOps(int events, int interestOps) {
        int ready = ((events & FAILED_OR_HUNG_UP) != 0) ? interestOps : readyOps(events);
        return (ready & interestOps) | lookAgain(events, interestOps);
    }

    private int readyOps(int events) {
        int ready = 0;
        if (this == CONNECTED) {
            if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI)) != 0) {
                ready |= SelectionKey.OP_READ;
            }
            if ((events & EPOLLOUT) != 0) {
                ready |= SelectionKey.OP_WRITE;
            }
        } else if (this == PENDING && (events & EPOLLOUT) != 0) {
            ready |= SelectionKey.OP_CONNECT;
        }
        return ready;
    }

    private int lookAgain(int events, int interestOps) {
        if (this == CONNECTED) {
            return ((events & MORE_BEHIND_THE_BYTES) != 0)
                    ? EpollChannel.LOOK_AGAIN_UNLESS_DRAINED
                    : 0;
        }
        int unused =
                switch (this) {
                    // A socket that nobody connects has hung up, without an error. Anything else
                    // comes from a connect that another thread has not returned from yet.
                    case UNCONNECTED ->
                            ((events & FAILED_OR_HUNG_UP) == EPOLLHUP) ? 0 : interestOps;
                    // Reading and writing become possible by finishConnect(), which is no edge.
                    case PENDING -> interestOps & (SelectionKey.OP_READ | SelectionKey.OP_WRITE);
                    case CONNECTED, CLOSED -> 0;
                };
        return (unused != 0) ? EpollChannel.LOOK_AGAIN : 0;
    }
}
