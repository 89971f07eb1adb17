package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.ProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
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
import java.util.function.Consumer;

/** Another provider's channels and selectors, but the selectors can be held up and broken. */
public final class FaultyProvider extends SelectorProvider {

    private final SelectorProvider real;
    private final List<FaultySelector> selectors = new CopyOnWriteArrayList<>();

    public FaultyProvider(SelectorProvider real) {
        this.real = real;
    }

    /** The same backend, by way of this provider. */
    SelectorBackend as(SelectorBackend backend) {
        return SelectorBackend.of("faulty " + backend.name(), this);
    }

    /** The selectors opened so far, in order. */
    public List<FaultySelector> selectors() {
        return selectors;
    }

    @Override
    public AbstractSelector openSelector() throws IOException {
        var selector = new FaultySelector(this, real.openSelector());
        selectors.add(selector);
        return selector;
    }

    @Override
    public ServerSocketChannel openServerSocketChannel() throws IOException {
        return real.openServerSocketChannel();
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

    /** Its keys are those of the real selector, with which channels are registered. */
    public static final class FaultySelector extends AbstractSelector {

        private final Selector real;
        private volatile @Nullable CountDownLatch gate;
        private volatile @Nullable CountDownLatch atGate;
        private volatile @Nullable RuntimeException defect;
        private volatile boolean spinning;

        private FaultySelector(SelectorProvider provider, Selector real) {
            super(provider);
            this.real = real;
        }

        /** From its next selection on it throws. */
        public void breakDown(RuntimeException defect) {
            this.defect = defect;
            release();
            wakeup();
        }

        /** From now on it returns at once, with nothing. */
        void spin() {
            spinning = true;
            wakeup();
        }

        /** Keeps the selecting thread where it is until {@link #release}. */
        public void hold() throws InterruptedException {
            var arrived = new CountDownLatch(1);
            atGate = arrived;
            gate = new CountDownLatch(1);
            wakeup();
            arrived.await();
        }

        public void release() {
            CountDownLatch closed = gate;
            if (closed != null) {
                gate = null;
                closed.countDown();
            }
        }

        private void misbehave() {
            CountDownLatch closed = gate;
            CountDownLatch arrived = atGate;
            if (closed != null && arrived != null) {
                arrived.countDown();
                try {
                    closed.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
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
                return channel.register(real, interest, attachment);
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
