package io.epollecho.epoll;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.IllegalSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelector;
import java.util.Iterator;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A selector on an epoll(7) instance.
 *
 * <p>A selection removes cancelled keys, applies changes of interest, waits, removes cancelled keys
 * again, and reports the events.
 *
 * <p>Locks are taken in this order: first the selector, then its selected-key set, both for the
 * whole selection, then at most one of the queue of changed keys, the key table and the
 * cancelled-key set.
 */
final class EpollSelector extends AbstractSelector {

    private static final int LOOK_AGAIN =
            EpollChannel.LOOK_AGAIN | EpollChannel.LOOK_AGAIN_UNLESS_DRAINED;

    private final boolean edgeTriggered;
    private final Epoll epoll;
    private final Registrations registrations;

    private final KeyTable keys = new KeyTable();
    private final SelectedKeys selectedKeys = new SelectedKeys();

    /** True during a selection. Guarded by the selector's monitor. */
    private boolean selecting;

    EpollSelector(EpollSelectorProvider provider, EpollEvents.Layout layout) throws IOException {
        super(provider);
        this.edgeTriggered = provider.isEdgeTriggered();
        this.epoll = new Epoll(layout);
        this.registrations = new Registrations(epoll, edgeTriggered);
    }

    boolean isEdgeTriggered() {
        return edgeTriggered;
    }

    // -- Selector methods --

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
        return lockAndSelect(null, Epoll.FOREVER);
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
        return lockAndSelect(Objects.requireNonNull(action), Epoll.FOREVER);
    }

    @Override
    public int select(Consumer<SelectionKey> action, long timeout) throws IOException {
        return lockAndSelect(Objects.requireNonNull(action), checked(timeout));
    }

    private static long checked(long timeout) {
        if (timeout < 0) {
            throw new IllegalArgumentException("Negative timeout");
        }
        return (timeout == 0) ? Epoll.FOREVER : timeout;
    }

    @Override
    public Selector wakeup() {
        epoll.wakeup();
        return this;
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // must be the same instance
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
            // The selector was closed concurrently, and the close may have missed this key.
            keys.erase(key);
            key.cancel();
            throw new ClosedSelectorException();
        }
        return key;
    }

    /**
     * Passes the key's interest to the kernel at the next selection. May be called by any thread.
     */
    void update(EpollSelectionKey key) {
        registrations.change(key);
    }

    @Override
    protected void implCloseSelector() {
        try {
            epoll.wakeup();
        } finally {
            synchronized (this) {
                try {
                    synchronized (selectedKeys) {
                        forgetAll();
                    }
                } finally {
                    epoll.close();
                }
            }
        }
    }

    private void forgetAll() {
        for (int slot = 0; slot < keys.slots(); slot++) {
            EpollSelectionKey key = keys.at(slot);
            if (key != null) {
                forget(key);
            }
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
            } catch (Error e) {
                // For lack of memory, for example, which events were reported is not known.
                if (edgeTriggered) {
                    lookAgainAtAll();
                }
                throw e;
            } finally {
                selecting = false;
            }
        }
    }

    private int doSelect(@Nullable Consumer<SelectionKey> action, long timeoutMillis)
            throws IOException {
        deregisterCancelled();
        registrations.apply();
        return reportBatch(await(timeoutMillis), action);
    }

    /**
     * Waits for events until the timeout, a wakeup or an interrupt, and returns the number of
     * events.
     */
    private int await(long timeoutMillis) throws IOException {
        if (timeoutMillis == 0) {
            return epoll.await(0);
        }
        begin();
        try {
            return epoll.await(timeoutMillis);
        } finally {
            end();
        }
    }

    // -- Events --

    /**
     * Removes the keys that were cancelled during the wait, then reports the events of the batch
     * and returns the number of keys whose ready set changed.
     */
    private int reportBatch(int count, @Nullable Consumer<SelectionKey> action) throws IOException {
        int changed = 0;
        int next = 0;
        try {
            deregisterCancelled();
            while (next < count) {
                long token = epoll.token(next);
                if (token == KeyTable.NO_KEY) {
                    epoll.takeWakeup();
                } else {
                    EpollSelectionKey key = keys.find(token);
                    // The action for an earlier event of this batch may have cancelled the key.
                    if (key != null
                            && key.isValid()
                            && reportEvents(key, epoll.events(next), action)) {
                        changed++;
                    }
                }
                next++;
            }
        } finally {
            if (next < count && edgeTriggered) {
                lookAgainAtRemaining(next, count);
            }
        }
        return changed;
    }

    /**
     * Makes the kernel check the remaining keys of a batch again, including the key whose action
     * threw. Otherwise no edge would ever report them. Allocates nothing.
     */
    private void lookAgainAtRemaining(int from, int to) {
        for (int i = from; i < to; i++) {
            long token = epoll.token(i);
            EpollSelectionKey key = (token == KeyTable.NO_KEY) ? null : keys.find(token);
            if (key != null) {
                update(key);
            }
        }
    }

    /** Makes the kernel check all keys again. Allocates nothing. */
    private void lookAgainAtAll() {
        for (int slot = 0; slot < keys.slots(); slot++) {
            EpollSelectionKey key = keys.at(slot);
            if (key != null) {
                update(key);
            }
        }
    }

    private boolean reportEvents(
            EpollSelectionKey key, int events, @Nullable Consumer<SelectionKey> action) {
        int ready = key.epollChannel().readyOps(events, key.currentInterestOps());
        if ((ready & LOOK_AGAIN) != 0) {
            if (edgeTriggered) {
                lookAgain(key, ready);
            }
            ready &= ~LOOK_AGAIN;
        }
        return ready != 0 && reportReady(key, ready, action);
    }

    private void lookAgain(EpollSelectionKey key, int ready) {
        if ((ready & EpollChannel.LOOK_AGAIN) != 0) {
            registrations.change(key);
        } else {
            registrations.changeUnlessDrained(key);
        }
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

    // -- Cancelled keys --

    /**
     * Removes the cancelled keys one by one, so that an exception leaves the others to the next
     * selection.
     */
    private void deregisterCancelled() throws IOException {
        EpollSelectionKey key;
        while ((key = takeCancelled()) != null) {
            int result;
            try {
                result = registrations.remove(key);
            } finally {
                forget(key);
            }
            if (result < 0) {
                throw Errno.ioFailure(-result);
            }
        }
    }

    private @Nullable EpollSelectionKey takeCancelled() {
        Set<SelectionKey> cancelledKeys = cancelledKeys();
        synchronized (cancelledKeys) {
            if (cancelledKeys.isEmpty()) {
                return null;
            }
            Iterator<SelectionKey> iterator = cancelledKeys.iterator();
            var key = (EpollSelectionKey) iterator.next();
            iterator.remove();
            return key;
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
