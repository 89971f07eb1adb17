package io.epollecho.epoll;

import static io.epollecho.epoll.EpollEvents.EPOLLET;
import static io.epollecho.epoll.EpollEvents.EPOLLIN;
import static io.epollecho.epoll.EpollEvents.EPOLLOUT;
import static io.epollecho.epoll.EpollEvents.EPOLLPRI;
import static io.epollecho.epoll.EpollEvents.EPOLLRDHUP;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.channels.SelectionKey;

/**
 * The registrations of a selector's keys with the kernel. Changes are queued and passed to the
 * kernel before the next wait, as {@link java.nio.channels.Selector} specifies. Therefore any
 * thread may make a change, and a change that is undone before the wait needs no system call.
 *
 * <p>In edge mode, each change makes the kernel check the channel again, even if the interest is
 * the same.
 */
final class Registrations {

    private static final int READ_OR_ACCEPT = SelectionKey.OP_READ | SelectionKey.OP_ACCEPT;
    private static final int WRITE_OR_CONNECT = SelectionKey.OP_WRITE | SelectionKey.OP_CONNECT;

    private final Epoll epoll;
    private final boolean edgeTriggered;

    /** Guards the queue and {@link EpollSelectionKey#nextChanged}. */
    private final Object lock = new Object();

    // The queue of changed keys: a list through the keys, so that queueing allocates nothing. The
    // last key refers to itself.
    private @Nullable EpollSelectionKey first;
    private @Nullable EpollSelectionKey last;

    Registrations(Epoll epoll, boolean edgeTriggered) {
        this.epoll = epoll;
        this.edgeTriggered = edgeTriggered;
    }

    /**
     * Passes the key's interest to the kernel before the next wait. May be called by any thread.
     */
    void change(EpollSelectionKey key) {
        synchronized (lock) {
            key.onlyUnlessDrained = false;
            queue(key);
        }
    }

    /**
     * Makes the kernel check the key's channel again before the next wait, unless it is drained by
     * then.
     */
    void changeUnlessDrained(EpollSelectionKey key) {
        synchronized (lock) {
            if (key.nextChanged == null) {
                key.onlyUnlessDrained = true;
                queue(key);
            }
        }
    }

    private void queue(EpollSelectionKey key) {
        if (key.nextChanged == null) {
            key.nextChanged = key;
            if (last == null) {
                first = key;
            } else {
                last.nextChanged = key;
            }
            last = key;
        }
    }

    /** Passes the queued changes to the kernel. */
    void apply() throws IOException {
        EpollSelectionKey key;
        while ((key = nextChanged()) != null) {
            try {
                if (key.isValid()) {
                    apply(key);
                }
            } catch (Error e) {
                change(key); // not applied yet: for lack of memory, the next selection tries again
                throw e;
            }
        }
    }

    @SuppressWarnings("ReferenceEquality") // the last key of the list refers to itself
    private @Nullable EpollSelectionKey nextChanged() {
        synchronized (lock) {
            EpollSelectionKey key;
            do {
                key = first;
                if (key == null) {
                    return null;
                }
                first = (key.nextChanged == key) ? null : key.nextChanged;
                last = (first == null) ? null : last;
                key.nextChanged = null;
            } while (key.onlyUnlessDrained && isDrained(key));
            return key;
        }
    }

    /**
     * Returns whether the key needs no further check. Without OP_READ nothing is lost: adding it
     * later makes the kernel check again anyway.
     */
    private static boolean isDrained(EpollSelectionKey key) {
        return (key.currentInterestOps() & SelectionKey.OP_READ) == 0
                || key.epollChannel().isDrained();
    }

    private void apply(EpollSelectionKey key) throws IOException {
        int wanted = eventsFor(key.currentInterestOps());
        int registered = key.registeredEvents;
        if (wanted == registered && !edgeTriggered) {
            return;
        }
        TcpSocket socket = key.epollChannel().tcpSocket();
        if (!socket.tryAcquire()) {
            return; // closed; its key is about to be cancelled
        }
        try {
            int operation =
                    (registered == 0)
                            ? Libc.EPOLL_CTL_ADD
                            : (wanted == 0) ? Libc.EPOLL_CTL_DEL : Libc.EPOLL_CTL_MOD;
            int result = epoll.control(operation, socket.fd(), wanted, key.token);
            if (result < 0) {
                key.cancel(); // otherwise this connection would never be reported
                throw Errno.ioFailure(-result);
            }
            key.registeredEvents = wanted;
        } finally {
            socket.release();
        }
    }

    /**
     * Returns the events to register. In level mode, a channel without interest is not registered,
     * because the kernel would report its errors and hang-ups over and over. In edge mode it
     * reports them once, so the channel stays registered.
     */
    private int eventsFor(int interestOps) {
        int wanted = edgeTriggered ? EPOLLET : 0;
        if ((interestOps & READ_OR_ACCEPT) != 0) {
            wanted |= EPOLLIN;
        }
        if ((interestOps & WRITE_OR_CONNECT) != 0) {
            wanted |= EPOLLOUT;
        }
        if (edgeTriggered && (interestOps & SelectionKey.OP_READ) != 0) {
            wanted |= EPOLLRDHUP | EPOLLPRI;
        }
        return wanted;
    }

    /**
     * Removes a cancelled key. Returns zero or the negated error number. A closed channel needs no
     * system call: its descriptor was the only one for the socket, so epoll has already removed it.
     */
    int remove(EpollSelectionKey key) {
        TcpSocket socket = key.epollChannel().tcpSocket();
        if (key.registeredEvents == 0 || !socket.tryAcquire()) {
            return 0;
        }
        try {
            return epoll.control(Libc.EPOLL_CTL_DEL, socket.fd(), 0, key.token);
        } finally {
            key.registeredEvents = 0;
            socket.release();
        }
    }
}
