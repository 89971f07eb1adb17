package io.epollecho.epoll;

import static io.epollecho.epoll.Loopback.LONG;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.channels.SelectionKey.OP_CONNECT;
import static java.nio.channels.SelectionKey.OP_READ;

import io.epollecho.Build;
import io.epollecho.ChildJvm;
import io.epollecho.Strace;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** One thread connects while another selects. */
@Timeout(120)
@Tag("slow")
class ConnectContractTest {

    private static final String ROUNDS = Build.isThorough() ? "4000" : "1000";

    /**
     * The kernel reports the connection while the connecting thread is still inside connect(2),
     * before the channel's state is pending. The test uses strace to delay the thread there.
     */
    @ParameterizedTest
    @EnumSource
    void aConnectionThatIsReportedBeforeConnectReturnsIsNotLost(ProviderUnderTest underTest)
            throws Exception {
        try (Loopback loopback = new Loopback(underTest.provider())) {
            SocketChannel channel = loopback.open();
            channel.register(loopback.selector, OP_CONNECT);
            Task<Boolean> selecting =
                    Task.start(() -> finishWhenReported(loopback.selector, channel));
            CountDownLatch started = new CountDownLatch(1);
            CountDownLatch traced = new CountDownLatch(1);
            Task<Boolean> connecting =
                    Task.start(
                            () -> {
                                started.countDown();
                                traced.await();
                                return channel.connect(loopback.address());
                            });
            started.await();
            try (Strace _ = delayReturn(connecting.thread, "connect")) {
                traced.countDown();
                assertThat(connecting.result()).isFalse();
                assertThat(selecting.result()).isTrue();
            }
        }
    }

    private static Strace delayReturn(Thread thread, String call) throws IOException {
        return Strace.attach(
                thread, "-e", "trace=" + call, "-e", "inject=" + call + ":delay_exit=100000");
    }

    private static boolean finishWhenReported(Selector selector, SocketChannel channel)
            throws IOException {
        while (!channel.isConnected()) {
            selector.select(
                    _ -> {
                        try {
                            if (channel.isConnectionPending()) {
                                channel.finishConnect();
                            }
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    });
        }
        return true;
    }

    /**
     * While the connection is pending, an edge-triggered selector checks it repeatedly, and another
     * thread may finish the connect during a check. Interpreted code makes each check slow.
     */
    @ParameterizedTest
    @EnumSource
    void bytesAreReportedWheneverAnotherThreadFinishesTheConnect(ProviderUnderTest underTest)
            throws Exception {
        assertThat(ChildJvm.run(FinishedConnects.class, List.of(underTest.name(), ROUNDS), "-Xint"))
                .containsExactly("all reported");
    }

    /** Runs in a separate virtual machine. */
    static final class FinishedConnects {

        private final Loopback loopback;
        private final Selector selector;
        private final Semaphore connectable = new Semaphore(0);
        private final Semaphore readable = new Semaphore(0);
        private final AtomicBoolean done = new AtomicBoolean();

        private FinishedConnects(Loopback loopback) {
            this.loopback = loopback;
            this.selector = loopback.selector;
        }

        static void main(String[] args) throws Exception {
            try (Loopback loopback = new Loopback(ProviderUnderTest.valueOf(args[0]).provider())) {
                new FinishedConnects(loopback).run(Integer.parseInt(args[1]));
            }
        }

        private void run(int rounds) throws Exception {
            Task<Void> selecting = Task.start(this::select);
            int reported = 0;
            while (reported < rounds && isReported()) {
                reported++;
            }
            done.set(true);
            selector.wakeup();
            selecting.result();
            System.out.println(
                    (reported == rounds) ? "all reported" : "not reported: round " + reported);
        }

        private @Nullable Void select() throws IOException {
            while (!done.get()) {
                selector.select(this::note);
            }
            return null;
        }

        private void note(SelectionKey key) {
            if (key.isReadable()) {
                key.cancel();
                readable.release();
            } else {
                connectable.release();
            }
        }

        private boolean isReported() throws Exception {
            try (SocketChannel channel = loopback.provider.openSocketChannel()) {
                channel.configureBlocking(false);
                boolean connected = channel.connect(loopback.address());
                try (SocketChannel accepted = loopback.accept()) {
                    accepted.write(Loopback.bytes("x"));
                    connectable.drainPermits();
                    channel.register(selector, OP_CONNECT | OP_READ);
                    selector.wakeup();
                    if (!connected) {
                        connectable.acquire();
                        channel.finishConnect();
                    }
                    return readable.tryAcquire(LONG, TimeUnit.MILLISECONDS);
                }
            }
        }
    }
}
