package io.epollecho.epoll;

import org.jspecify.annotations.Nullable;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectionKey;

/** The registration of a channel with a selector. */
final class EpollSelectionKey extends AbstractSelectionKey {

    private static final VarHandle INTEREST_OPS;

    static {
        try {
            INTEREST_OPS =
                    MethodHandles.lookup()
                            .findVarHandle(EpollSelectionKey.class, "interestOps", byte.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final EpollSelector selector;
    private final EpollChannel channel;

    // Bytes instead of ints save memory, as there is one key per connection.
    private volatile byte interestOps;
    private volatile byte readyOps;

    // The following fields are used by the selector and its parts.

    /**
     * Identifies the key in events, see {@link KeyTable}. Set once, before other threads see the
     * key.
     */
    long token;

    /**
     * The next key whose change waits for its epoll_ctl, this key if it is the last one, or null if
     * no change of this key waits. Guarded by the lock of {@link Registrations}.
     */
    @Nullable EpollSelectionKey nextChanged;

    /**
     * True if the waiting change is needed only while the channel is not drained. Guarded by the
     * same lock.
     */
    boolean onlyUnlessDrained;

    /**
     * The events registered with epoll, or zero if there is no registration. Used by the selecting
     * thread only.
     */
    int registeredEvents;

    EpollSelectionKey(EpollSelector selector, EpollChannel channel, int interestOps) {
        this.selector = selector;
        this.channel = channel;
        this.interestOps = (byte) interestOps;
    }

    @Override
    public SelectableChannel channel() {
        return (SelectableChannel) channel;
    }

    @Override
    public Selector selector() {
        return selector;
    }

    @Override
    public int interestOps() {
        ensureValid();
        return interestOps;
    }

    @Override
    public SelectionKey interestOps(int ops) {
        ensureValid();
        ensureSupported(ops);
        changed((byte) INTEREST_OPS.getAndSet(this, (byte) ops), ops);
        return this;
    }

    @Override
    public int interestOpsOr(int ops) {
        ensureValid();
        ensureSupported(ops);
        int before = (byte) INTEREST_OPS.getAndBitwiseOr(this, (byte) ops);
        changed(before, before | ops);
        return before;
    }

    @Override
    public int interestOpsAnd(int ops) {
        ensureValid();
        int before = (byte) INTEREST_OPS.getAndBitwiseAnd(this, (byte) ops);
        changed(before, before & ops);
        return before;
    }

    /**
     * Queues a change of interest. In edge mode, setting the same interest again counts as a
     * change, because it makes the kernel check the channel again. In level mode, the kernel does
     * so anyway.
     */
    private void changed(int before, int now) {
        if (now != before || selector.isEdgeTriggered()) {
            selector.update(this);
        }
    }

    @Override
    public int readyOps() {
        ensureValid();
        return readyOps;
    }

    private void ensureValid() {
        if (!isValid()) {
            throw new CancelledKeyException();
        }
    }

    private void ensureSupported(int ops) {
        if ((ops & ~channel().validOps()) != 0) {
            throw new IllegalArgumentException();
        }
    }

    // The selector's accessors: they do not throw if the key is cancelled.

    EpollChannel epollChannel() {
        return channel;
    }

    int currentInterestOps() {
        return interestOps;
    }

    int currentReadyOps() {
        return readyOps;
    }

    void readyOps(int ops) {
        readyOps = (byte) ops;
    }

    @Override
    public String toString() {
        return "SelectionKey[channel="
                + channel
                + (isValid()
                        ? ", interestOps=" + interestOps + ", readyOps=" + readyOps
                        : ", cancelled")
                + "]";
    }
}
