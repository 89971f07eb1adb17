package io.epollecho.epoll;

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

    // Bytes, as all operations fit in one and there are as many keys as connections.
    private volatile byte interestOps;
    private volatile byte readyOps;

    // For the selector and its parts, under the locks named.

    /** The key's name in events, see {@link KeyTable}; set once, before another thread sees it. */
    long token;

    /** Under the lock of {@link Registrations}: true while this key waits for its epoll_ctl. */
    boolean changeQueued;

    /** By the selecting thread: the events registered with epoll, zero for no registration. */
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
     * With edges, setting the same interest makes the kernel look again; with levels it does so
     * anyway.
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

    // For the selector, to which a cancelled key is no error.

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
