package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * A wrapper around another provider whose selectors can be blocked and broken and whose accepted
 * channels can be disguised.
 */
public final class FaultyProvider extends SelectorProvider {

    private final SelectorProvider real;
    private final List<FaultySelector> selectors = new CopyOnWriteArrayList<>();
    private volatile @Nullable Gate openingGate;
    private volatile @Nullable UnaryOperator<InetSocketAddress> disguise;
    private volatile boolean full;

    public FaultyProvider(SelectorProvider real) {
        this.real = real;
    }

    /** Returns the given backend on this provider. */
    SelectorBackend as(SelectorBackend backend) {
        return SelectorBackend.of("faulty " + backend.name(), this);
    }

    /** Returns the selectors opened so far, in order. */
    public List<FaultySelector> selectors() {
        return selectors;
    }

    /** Blocks threads that open a selector from now on until the gate is opened. */
    Gate holdOpening() {
        var gate = new Gate();
        openingGate = gate;
        return gate;
    }

    /**
     * Changes the peer address that channels report, or throws instead. Applies to channels
     * accepted by listening sockets that are opened after this call.
     */
    void disguisePeers(UnaryOperator<InetSocketAddress> disguise) {
        this.disguise = disguise;
    }

    /** Makes disguised channels accept no more bytes, although they are writable. */
    void fillSockets() {
        full = true;
    }

    /** Makes disguised channels accept bytes again. */
    void emptySockets() {
        full = false;
    }

    @Override
    public AbstractSelector openSelector() throws IOException {
        Gate gate = openingGate;
        if (gate != null) {
            gate.pass();
        }
        var selector = new FaultySelector(this, real.openSelector());
        selectors.add(selector);
        return selector;
    }

    @Override
    public ServerSocketChannel openServerSocketChannel() throws IOException {
        ServerSocketChannel channel = real.openServerSocketChannel();
        UnaryOperator<InetSocketAddress> addresses = disguise;
        return addresses == null
                ? channel
                : new DisguisingListener(this, channel, addresses, () -> full);
    }

    @Override
    public SocketChannel openSocketChannel() throws IOException {
        return real.openSocketChannel();
    }

    @Override
    public DatagramChannel openDatagramChannel() throws IOException {
        return real.openDatagramChannel();
    }

    @Override
    public DatagramChannel openDatagramChannel(ProtocolFamily family) throws IOException {
        return real.openDatagramChannel(family);
    }

    @Override
    public Pipe openPipe() throws IOException {
        return real.openPipe();
    }

    /** A gate at which threads wait until the test opens it. */
    static final class Gate {

        private final CountDownLatch arrived = new CountDownLatch(1);
        private final CountDownLatch opened = new CountDownLatch(1);

        void pass() {
            arrived.countDown();
            try {
                opened.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        void awaitArrival() throws InterruptedException {
            assertThat(arrived.await(Background.PATIENCE_MILLIS, TimeUnit.MILLISECONDS))
                    .as("a thread is waiting at the gate")
                    .isTrue();
        }

        void open() {
            opened.countDown();
        }
    }

    /** A selector that delegates to a real one, whose keys it uses. */
    public static final class FaultySelector extends AbstractSelector {

        private final Selector real;
        private volatile @Nullable Gate gate;
        private volatile @Nullable RuntimeException defect;
        private volatile boolean spinning;

        private FaultySelector(SelectorProvider provider, Selector real) {
            super(provider);
            this.real = real;
        }

        /** Makes each further selection throw. */
        public void breakDown(RuntimeException defect) {
            this.defect = defect;
            release();
            wakeup();
        }

        /** Makes each further selection return immediately without keys. */
        void spin() {
            spinning = true;
            wakeup();
        }

        /** Blocks the selecting thread until {@link #release} is called. */
        public void hold() throws InterruptedException {
            var closed = new Gate();
            gate = closed;
            wakeup();
            closed.awaitArrival();
        }

        public void release() {
            Gate closed = gate;
            if (closed != null) {
                gate = null;
                closed.open();
            }
        }

        private void misbehave() {
            Gate closed = gate;
            if (closed != null) {
                closed.pass();
            }
            RuntimeException thrown = defect;
            if (thrown != null) {
                throw thrown;
            }
        }

        @Override
        public int select(Consumer<SelectionKey> action, long timeout) throws IOException {
            misbehave();
            return spinning ? 0 : real.select(action, timeout);
        }

        @Override
        public int select(Consumer<SelectionKey> action) throws IOException {
            misbehave();
            return spinning ? 0 : real.select(action);
        }

        @Override
        public int selectNow(Consumer<SelectionKey> action) throws IOException {
            misbehave();
            return real.selectNow(action);
        }

        @Override
        public int select(long timeout) throws IOException {
            misbehave();
            return real.select(timeout);
        }

        @Override
        public int select() throws IOException {
            misbehave();
            return real.select();
        }

        @Override
        public int selectNow() throws IOException {
            misbehave();
            return real.selectNow();
        }

        @Override
        public Selector wakeup() {
            real.wakeup();
            return this;
        }

        @Override
        public Set<SelectionKey> keys() {
            return real.keys();
        }

        @Override
        public Set<SelectionKey> selectedKeys() {
            return real.selectedKeys();
        }

        @Override
        protected SelectionKey register(
                AbstractSelectableChannel channel, int interest, @Nullable Object attachment) {
            try {
                SelectableChannel undisguised =
                        switch (channel) {
                            case DisguisingListener listener -> listener.undisguised();
                            case DisguisedChannel accepted -> accepted.undisguised();
                            default -> channel;
                        };
                return undisguised.register(real, interest, attachment);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        protected void implCloseSelector() throws IOException {
            real.close();
        }
    }
}
