package io.epollecho.epoll;

import static io.epollecho.epoll.EpollEvents.EPOLLERR;
import static io.epollecho.epoll.EpollEvents.EPOLLHUP;
import static io.epollecho.epoll.EpollEvents.EPOLLIN;
import static io.epollecho.epoll.EpollEvents.EPOLLOUT;
import static io.epollecho.epoll.EpollEvents.EPOLLPRI;
import static io.epollecho.epoll.EpollEvents.EPOLLRDHUP;

import java.nio.channels.SelectionKey;

/**
 * The states of a socket channel, and the meaning of events in each state.
 *
 * <pre>
 * UNCONNECTED ─connect()─► PENDING ─finishConnect()─► CONNECTED      from every state: CLOSED
 * </pre>
 *
 * <p>A connect that succeeds immediately skips PENDING. An accepted connection starts in CONNECTED.
 */
enum ConnectionState {
    UNCONNECTED,
    PENDING,
    CONNECTED,
    CLOSED;

    private static final int FAILED_OR_HUNG_UP = EPOLLERR | EPOLLHUP;

    /** Events that may stay hidden when a read returns bytes, and that no further edge reports. */
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
                    // An unconnected socket reports a hang-up without an error. Any other event
                    // belongs to a connect call that has not yet returned in another thread.
                    case UNCONNECTED ->
                            ((events & FAILED_OR_HUNG_UP) == EPOLLHUP) ? 0 : interestOps;
                    // finishConnect() makes reading and writing possible but triggers no edge.
                    case PENDING -> interestOps & (SelectionKey.OP_READ | SelectionKey.OP_WRITE);
                    case CONNECTED, CLOSED -> 0;
                };
        return (unused != 0) ? EpollChannel.LOOK_AGAIN : 0;
    }
}
