package io.epollecho.epoll;

import static io.epollecho.epoll.EpollEvents.EPOLLERR;
import static io.epollecho.epoll.EpollEvents.EPOLLET;
import static io.epollecho.epoll.EpollEvents.EPOLLHUP;
import static io.epollecho.epoll.EpollEvents.EPOLLIN;
import static io.epollecho.epoll.EpollEvents.EPOLLOUT;
import static io.epollecho.epoll.EpollEvents.EPOLLPRI;
import static io.epollecho.epoll.EpollEvents.EPOLLRDHUP;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.IllegalSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelector;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A selector on one epoll(7) instance.
 *
 * <p>A selection goes: cancelled keys, changed interest, wait, cancelled keys, events. Changes of
 * interest are queued and reach the kernel at the next selection, as the specification of {@link
 * Selector} has it; so a change that is taken back costs nothing, and any thread may make it.
 *
 * <p>Locks, in this order: the selector, its selected-key set (both for a whole selection), then
 * one of the small ones, under none of which another is taken: the update queue, the key table, the
 * cancelled-key set.
 */
final class EpollSelector extends AbstractSelector {

    /**
     * How many events one wait can bring. The rest is not lost, the kernel goes on with it next
     * time.
     */
    private static final int MAX_EVENTS = 1024;

    private static final int READ_OR_ACCEPT = SelectionKey.OP_READ | SelectionKey.OP_ACCEPT;
    private static final int WRITE_OR_CONNECT = SelectionKey.OP_WRITE | SelectionKey.OP_CONNECT;

    /**
     * After these, bytes that a read returns may hide something that no further edge will tell of.
     */
    private static final int MORE_BEHIND_THE_BYTES = EPOLLRDHUP | EPOLLPRI | EPOLLHUP | EPOLLERR;

    private static final long NANOS_PER_MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    /** A timeout that never comes. */
    private static final long FOR_EVER = -1;

    /** Instead of a number of events: a signal handler has run. */
    private static final int INTERRUPTED = -1;

    private final boolean edgeTriggered;
    private final Descriptor epoll;
    private final Wakeup wakeup;

    private final EpollEvents events;

    /** For epoll_ctl, apart from the batch that may be half processed. */
    private final EpollEvents request;

    private final KeyTable keys = new KeyTable();
    private final SelectedKeys selectedKeys = new SelectedKeys();

    /**
     * Keys whose interest has changed; also the lock for itself and {@link
     * EpollSelectionKey#updateQueued}.
     */
    private final ArrayDeque<EpollSelectionKey> updates = new ArrayDeque<>();

    // The rest is used by the selecting thread alone, under the selector's monitor.

    /** Keys that are reported at every selection, until a read finds their channel drained. */
    private final List<EpollSelectionKey> repeated = new ArrayList<>();

    private boolean selecting;

    /** Numbers the selections. */
    private int selection;

    EpollSelector(EpollSelectorProvider provider, EpollEvents.Layout layout) throws IOException {
        super(provider);
        this.edgeTriggered = provider.isEdgeTriggered();
        this.events = new EpollEvents(layout, MAX_EVENTS);
        this.request = new EpollEvents(layout, 1);
        int fd = Libc.epollCreate(ThreadMemory.current(), Libc.EPOLL_CLOEXEC);
        if (fd < 0) {
            throw Errno.ioFailure(-fd);
        }
        this.epoll = new Descriptor(fd);
        try {
            this.wakeup = new Wakeup();
        } catch (IOException e) {
            epoll.close();
            throw e;
        }
        int result =
                control(Libc.EPOLL_CTL_ADD, wakeup.descriptor().fd(), EPOLLIN, KeyTable.NO_KEY);
        if (result < 0) {
            wakeup.close();
            epoll.close();
            throw Errno.ioFailure(-result);
        }
    }

    boolean isEdgeTriggered() {
        return edgeTriggered;
    }

    // -- The selector's interface --

    @Override
    public Set<SelectionKey> keys() {
        ensureOpen();
        return keys;
    }

    @Override
    public Set<SelectionKey> selectedKeys() {
        ensureOpen();
        return selectedKeys;
    }

    @Override
    public int selectNow() throws IOException {
        return lockAndSelect(null, 0);
    }

    @Override
    public int select() throws IOException {
        return lockAndSelect(null, FOR_EVER);
    }

    @Override
    public int select(long timeout) throws IOException {
        return lockAndSelect(null, checked(timeout));
    }

    @Override
    public int selectNow(Consumer<SelectionKey> action) throws IOException {
        return lockAndSelect(Objects.requireNonNull(action), 0);
    }

    @Override
    public int select(Consumer<SelectionKey> action) throws IOException {
        return lockAndSelect(Objects.requireNonNull(action), FOR_EVER);
    }

    @Override
    public int select(Consumer<SelectionKey> action, long timeout) throws IOException {
        return lockAndSelect(Objects.requireNonNull(action), checked(timeout));
    }

    private static long checked(long timeout) {
        if (timeout < 0) {
            throw new IllegalArgumentException("Negative timeout");
        }
        return (timeout == 0) ? FOR_EVER : timeout;
    }

    @Override
    public Selector wakeup() {
        wakeup.signal();
        return this;
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // this very provider
    protected SelectionKey register(
            AbstractSelectableChannel channel, int ops, @Nullable Object attachment) {
        if (!(channel instanceof EpollChannel epollChannel) || channel.provider() != provider()) {
            throw new IllegalSelectorException();
        }
        ensureOpen();
        EpollSelectionKey key = new EpollSelectionKey(this, epollChannel, ops);
        key.attach(attachment);
        keys.insert(key);
        update(key);
        if (!isOpen()) {
            // Closed meanwhile, perhaps too late for the close to have seen this key.
            keys.erase(key);
            key.cancel();
            throw new ClosedSelectorException();
        }
        return key;
    }

    /** Has the kernel told of the key's interest at the next selection. By any thread. */
    void update(EpollSelectionKey key) {
        synchronized (updates) {
            if (!key.updateQueued) {
                key.updateQueued = true;
                updates.addLast(key);
            }
        }
    }

    @Override
    protected void implCloseSelector() {
        wakeup.signal();
        synchronized (this) {
            synchronized (selectedKeys) {
                for (SelectionKey key : keys) {
                    forget((EpollSelectionKey) key);
                }
                repeated.clear();
            }
            // Closing the epoll instance ends all its registrations.
            epoll.close();
            wakeup.close();
        }
    }

    private void ensureOpen() {
        if (!isOpen()) {
            throw new ClosedSelectorException();
        }
    }

    // -- Selection --

    private int lockAndSelect(@Nullable Consumer<SelectionKey> action, long timeoutMillis)
            throws IOException {
        synchronized (this) {
            ensureOpen();
            if (selecting) {
                throw new IllegalStateException("select in progress");
            }
            selecting = true;
            try {
                synchronized (selectedKeys) {
                    return doSelect(action, timeoutMillis);
                }
            } finally {
                selecting = false;
            }
        }
    }

    private int doSelect(@Nullable Consumer<SelectionKey> action, long timeoutMillis)
            throws IOException {
        selection++;
        deregisterCancelled();
        registerUpdates();
        int count = hasRepeated() ? poll(0) : await(timeoutMillis);
        deregisterCancelled();
        return reportBatch(count, action) + reportRepeated(action);
    }

    /** Waits for events until the timeout, a wakeup or an interrupt, and returns their number. */
    private int await(long timeoutMillis) throws IOException {
        if (timeoutMillis == 0) {
            return poll(0);
        }
        begin();
        try {
            return (timeoutMillis == FOR_EVER) ? awaitForEver() : awaitUntil(timeoutMillis);
        } finally {
            end();
        }
    }

    private int awaitForEver() throws IOException {
        int count;
        do {
            count = poll(-1);
        } while (count == INTERRUPTED);
        return count;
    }

    private int awaitUntil(long timeoutMillis) throws IOException {
        long timeout = TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        long start = System.nanoTime();
        long remaining = timeout;
        while (true) {
            // Rounded up: to return early would make a caller that waits for a deadline spin.
            long millis = Math.ceilDiv(remaining, NANOS_PER_MILLI);
            int count = poll((int) Math.min(millis, Integer.MAX_VALUE));
            if (count > 0) {
                return count;
            }
            remaining = timeout - (System.nanoTime() - start);
            if (remaining <= 0) {
                return 0;
            }
        }
    }

    private int poll(int timeoutMillis) throws IOException {
        int count =
                Libc.epollWait(
                        ThreadMemory.current(),
                        epoll.fd(),
                        events.address(),
                        events.capacity(),
                        timeoutMillis);
        if (count >= 0) {
            return count;
        }
        if (count == -Errno.EINTR) {
            return (timeoutMillis == 0) ? 0 : INTERRUPTED;
        }
        throw Errno.ioFailure(-count);
    }

    // -- Events --

    /** Reports the events of the batch and returns how many keys that has changed. */
    private int reportBatch(int count, @Nullable Consumer<SelectionKey> action) throws IOException {
        int changed = 0;
        int next = 0;
        try {
            while (next < count) {
                long token = events.data(next);
                if (token == KeyTable.NO_KEY) {
                    wakeup.take();
                } else {
                    EpollSelectionKey key = keys.find(token);
                    // Not if it was cancelled or its channel closed earlier in this very batch.
                    if (key != null
                            && key.isValid()
                            && reportEvents(key, events.events(next), action)) {
                        changed++;
                    }
                }
                next++;
            }
        } finally {
            if (next < count && edgeTriggered) {
                lookAgain(next, count);
            }
        }
        return changed;
    }

    /**
     * An action has thrown: no edge will come again for what is left of the batch, nor for the one
     * it was called for.
     */
    private void lookAgain(int from, int to) {
        for (int i = from; i < to; i++) {
            long token = events.data(i);
            EpollSelectionKey key = (token == KeyTable.NO_KEY) ? null : keys.find(token);
            if (key != null) {
                update(key);
            }
        }
    }

    private boolean reportEvents(
            EpollSelectionKey key, int happened, @Nullable Consumer<SelectionKey> action) {
        int interest = key.currentInterestOps();
        int ready = key.epollChannel().readyOps(happened, interest);
        if (edgeTriggered && key.epollChannel() instanceof EpollSocketChannel channel) {
            key.lastReport = selection;
            if ((happened & MORE_BEHIND_THE_BYTES) != 0 && channel.isConnected()) {
                channel.markUndrained();
                repeat(key);
            }
            if (key.repeated && channel.isUndrained()) {
                ready |= SelectionKey.OP_READ & interest;
            }
            if (channel.isConnectionPending()
                    && (interest & (SelectionKey.OP_READ | SelectionKey.OP_WRITE)) != 0) {
                // Reading and writing become possible by finishConnect(), which is no edge.
                update(key);
            }
        }
        return ready != 0 && reportReady(key, ready, action);
    }

    private boolean reportReady(
            EpollSelectionKey key, int ready, @Nullable Consumer<SelectionKey> action) {
        if (action != null) {
            key.readyOps(ready);
            action.accept(key);
            ensureOpen();
            return true;
        }
        if (selectedKeys.contains(key)) {
            int before = key.currentReadyOps();
            key.readyOps(before | ready);
            return (before | ready) != before;
        }
        key.readyOps(ready);
        selectedKeys.select(key);
        return true;
    }

    // -- Keys that are reported again --

    private void repeat(EpollSelectionKey key) {
        if (!key.repeated) {
            key.repeated = true;
            repeated.add(key);
        }
    }

    /** Drops the keys that need not be reported again, and returns whether there are others. */
    private boolean hasRepeated() {
        for (int i = repeated.size() - 1; i >= 0; i--) {
            EpollSelectionKey key = repeated.get(i);
            if (!isToBeRepeated(key)) {
                key.repeated = false;
                EpollSelectionKey last = repeated.removeLast();
                if (last != key) {
                    repeated.set(i, last);
                }
            }
        }
        return !repeated.isEmpty();
    }

    /**
     * A key without OP_READ may be dropped, because asking for it again makes the kernel look
     * again.
     */
    private static boolean isToBeRepeated(EpollSelectionKey key) {
        return key.isValid()
                && (key.currentInterestOps() & SelectionKey.OP_READ) != 0
                && key.epollChannel() instanceof EpollSocketChannel channel
                && channel.isUndrained();
    }

    private int reportRepeated(@Nullable Consumer<SelectionKey> action) {
        int changed = 0;
        for (int i = 0; i < repeated.size(); i++) {
            EpollSelectionKey key = repeated.get(i);
            if (key.lastReport != selection
                    && isToBeRepeated(key)
                    && reportReady(key, SelectionKey.OP_READ, action)) {
                changed++;
            }
        }
        return changed;
    }

    // -- What the kernel knows --

    private void registerUpdates() throws IOException {
        EpollSelectionKey key;
        while ((key = nextUpdate()) != null) {
            if (key.isValid()) {
                registerUpdate(key);
            }
        }
    }

    private @Nullable EpollSelectionKey nextUpdate() {
        synchronized (updates) {
            EpollSelectionKey key = updates.pollFirst();
            if (key != null) {
                key.updateQueued = false;
            }
            return key;
        }
    }

    private void registerUpdate(EpollSelectionKey key) throws IOException {
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
            int result = control(operation, socket.fd(), wanted, key.token);
            if (result < 0) {
                key.cancel(); // or it would be a connection that nobody hears of
                throw Errno.ioFailure(-result);
            }
            key.registeredEvents = wanted;
        } finally {
            socket.release();
        }
    }

    /**
     * With levels no interest is no registration, since errors and hang-ups are reported to whoever
     * is registered, again and again. With edges they come once, so the channel stays.
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

    private int control(int operation, int fd, int wanted, long token) {
        request.set(0, wanted, token);
        return Libc.epollControl(
                ThreadMemory.current(), epoll.fd(), operation, fd, request.address());
    }

    private void deregisterCancelled() throws IOException {
        EpollSelectionKey[] cancelled;
        Set<SelectionKey> cancelledKeys = cancelledKeys();
        synchronized (cancelledKeys) {
            if (cancelledKeys.isEmpty()) {
                return;
            }
            cancelled = cancelledKeys.toArray(EpollSelectionKey[]::new);
            cancelledKeys.clear();
        }
        int failure = 0;
        for (EpollSelectionKey key : cancelled) {
            int result = deregisterFromEpoll(key);
            if (result < 0) {
                failure = result;
            }
            forget(key);
        }
        if (failure < 0) {
            throw Errno.ioFailure(-failure);
        }
    }

    /**
     * A closed channel needs nothing: its descriptor was the only one for the socket, so epoll has
     * dropped it.
     */
    private int deregisterFromEpoll(EpollSelectionKey key) {
        TcpSocket socket = key.epollChannel().tcpSocket();
        if (key.registeredEvents == 0 || !socket.tryAcquire()) {
            return 0;
        }
        try {
            return control(Libc.EPOLL_CTL_DEL, socket.fd(), 0, key.token);
        } finally {
            key.registeredEvents = 0;
            socket.release();
        }
    }

    private void forget(EpollSelectionKey key) {
        keys.erase(key);
        selectedKeys.remove(key);
        deregister(key);
    }

    @Override
    public String toString() {
        return "Selector[epoll, "
                + (edgeTriggered ? "edge" : "level")
                + "-triggered, "
                + (isOpen() ? keys.size() + " keys" : "closed")
                + "]";
    }
}
