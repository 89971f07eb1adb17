package io.epollecho.loop;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.channels.spi.SelectorProvider;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

@Timeout(60)
class WatchdogTest {

    /** Ends without a word if told to, as if its thread had been killed. */
    private static final class Owner implements EventLoop.Owner {

        private final CountDownLatch silent = new CountDownLatch(1);

        @Override
        public boolean closeUnselectable(IOException cause) {
            return false;
        }

        @Override
        public void closeAll(@Nullable Throwable cause) {}

        @Override
        public void ended(@Nullable Throwable cause) {
            if (cause != null) {
                try {
                    silent.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    private final Owner owner = new Owner();
    private final BlockingQueue<Boolean> changes = new LinkedBlockingQueue<>();
    private EventLoop loop;

    @BeforeEach
    void start() throws IOException {
        loop = new EventLoop("loop-under-test", SelectorProvider.provider(), owner, Duration.ZERO);
        loop.start();
    }

    @AfterEach
    void stop() throws InterruptedException {
        owner.silent.countDown();
        loop.stop();
        assertThat(loop.join(Duration.ofSeconds(10))).isTrue();
    }

    private Watchdog watchdog() {
        return new Watchdog("watchdog-under-test", List.of(loop), changes::add);
    }

    private boolean nextChange() throws InterruptedException {
        Boolean change = changes.poll(10, TimeUnit.SECONDS);
        assertThat(change).as("change").isNotNull();
        return change;
    }

    /**
     * Checks run back to back, on this thread instead of the watchdog's, and the loop polls, so
     * that an answer often arrives while the question is still being asked.
     */
    @Test
    void neverFindsAHealthyLoopStuck() throws Exception {
        var polling =
                new EventLoop("polling", SelectorProvider.provider(), owner, Duration.ofMinutes(1));
        polling.start();
        var watchdog = new Watchdog("watchdog-under-test", List.of(polling), changes::add);
        long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
        while (System.nanoTime() < end && changes.isEmpty()) {
            watchdog.check();
        }
        polling.stop();
        assertThat(polling.join(Duration.ofSeconds(10))).isTrue();
        assertThat(changes).isEmpty();
    }

    @Test
    void reportsThatALoopIsStuckAndThatItMakesProgressAgain() throws Exception {
        var release = new CountDownLatch(1);
        var _ = loop.submit(() -> release.await(20, TimeUnit.SECONDS));
        Watchdog watchdog = watchdog();
        watchdog.start();
        assertThat(nextChange()).isTrue();
        release.countDown();
        assertThat(nextChange()).isFalse();
        watchdog.stop();
    }

    @Test
    void findsALoopThatEndsWithoutNotifyingItsOwner() throws Exception {
        loop.execute(
                () -> {
                    throw new InternalError("simulated");
                });
        Watchdog watchdog = watchdog();
        watchdog.start();
        assertThat(nextChange()).isTrue();
        owner.silent.countDown();
        assertThat(nextChange()).isFalse();
        watchdog.stop();
    }

    @Test
    void continuesAfterAFailureAndReportsAgain() throws Exception {
        var release = new CountDownLatch(1);
        var _ = loop.submit(() -> release.await(20, TimeUnit.SECONDS));
        var failures = new AtomicInteger();
        var watchdog =
                new Watchdog(
                        "watchdog-under-test",
                        List.of(loop),
                        stuck -> {
                            if (failures.incrementAndGet() <= 3) {
                                throw new OutOfMemoryError("simulated");
                            }
                            changes.add(stuck);
                        });
        watchdog.start();
        assertThat(nextChange()).isTrue();
        assertThat(failures).hasValue(4);
        release.countDown();
        assertThat(nextChange()).isFalse();
        watchdog.stop();
    }
}
