package io.epollecho.epoll;

import static io.epollecho.epoll.EpollEvents.EPOLLET;
import static io.epollecho.epoll.EpollEvents.EPOLLIN;
import static io.epollecho.epoll.EpollEvents.EPOLLOUT;
import static io.epollecho.epoll.EpollEvents.EPOLLPRI;
import static io.epollecho.epoll.EpollEvents.EPOLLRDHUP;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The keys of a selector as the kernel knows them. Changes are queued and reach the kernel before
 * the next wait, as the specification of {@link java.nio.channels.Selector} has it. So a change
 * that is taken back costs nothing, and any thread may make it.
 *
 * <p>With edges, each change makes the kernel look at the channel afresh, even if the interest is
 * the same.
 */
final class Registrations {

    private static final int READ_OR_ACCEPT = SelectionKey.OP_READ | SelectionKey.OP_ACCEPT;
    private static final int WRITE_OR_CONNECT = SelectionKey.OP_WRITE | SelectionKey.OP_CONNECT;

    private final Epoll epoll;
    private final boolean edgeTriggered;

    /** Also the lock for itself and {@link EpollSelectionKey#changeQueued}. */
    private final ArrayDeque<EpollSelectionKey> changed = new ArrayDeque<>();

    /** By the selecting thread: the keys to look at again unless their channels are drained. */
    private final List<EpollSelectionKey> undrained = new ArrayList<>();

    Registrations(Epoll epoll, boolean edgeTriggered) {
        this.epoll = epoll;
        this.edgeTriggered = edgeTriggered;
    }

    /** Has the key's interest reach the kernel before the next wait. By any thread. */
    void change(EpollSelectionKey key) {
        synchronized (changed) {
            if (!key.changeQueued) {
                key.changeQueued = true;
                changed.addLast(key);
            }
        }
    }

    /** Has the kernel look again at a key's channel before the next wait, unless it is drained. */
    void changeUnlessDrained(EpollSelectionKey key) {
        undrained.add(key);
    }

    /** Passes the changes to the kernel. */
    void apply() throws IOException {
        for (int i = 0; i < undrained.size(); i++) {
            EpollSelectionKey key = undrained.get(i);
            // Asking for OP_READ later makes the kernel look again anyway.
            if ((key.currentInterestOps() & SelectionKey.OP_READ) != 0
                    && !key.epollChannel().isDrained()) {
                change(key);
            }
        }
        undrained.clear();
        EpollSelectionKey key;
        while ((key = nextChanged()) != null) {
            if (key.isValid()) {
                apply(key);
            }
        }
    }

    private @Nullable EpollSelectionKey nextChanged() {
        synchronized (changed) {
            EpollSelectionKey key = changed.pollFirst();
            if (key != null) {
                key.changeQueued = false;
            }
            return key;
        }
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
                key.cancel(); // otherwise nothing would ever be reported of this connection
                throw Errno.ioFailure(-result);
            }
            key.registeredEvents = wanted;
        } finally {
            socket.release();
        }
    }

    /**
     * With levels, no interest is no registration, since the kernel reports errors and hang-ups of
     * every registered channel again and again. With edges they come once, so the channel stays.
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
     * Removes a key that was cancelled; returns zero or the negated error number. A closed channel
     * needs nothing: its descriptor was the only one for the socket, so epoll has dropped it.
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
