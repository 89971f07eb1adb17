package io.epollecho.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.spi.SelectorProvider;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Tests of the event loop alone, with pipes as its channels. */
@Timeout(60)
class EventLoopTest {

    private final CompletableFuture<Optional<Throwable>> closing = new CompletableFuture<>();
    private final CompletableFuture<Optional<Throwable>> end = new CompletableFuture<>();
    private EventLoop loop;

    private final EventLoop.Owner owner =
            new EventLoop.Owner() {
                @Override
                public boolean closeUnselectable(IOException cause) {
                    return false;
                }

                @Override
                public void closeAll(@Nullable Throwable cause) {
                    closing.complete(Optional.ofNullable(cause));
                }

                @Override
                public void ended(@Nullable Throwable cause) {
                    end.complete(Optional.ofNullable(cause));
                }
            };

    @BeforeEach
    void start() throws IOException {
        loop = new EventLoop("loop-under-test", SelectorProvider.provider(), owner, Duration.ZERO);
        loop.start();
    }

    @AfterEach
    void stop() throws InterruptedException {
        loop.stop();
        assertThat(loop.join(Duration.ofSeconds(10))).isTrue();
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(10, TimeUnit.SECONDS);
    }

    @Test
    void runsTasksOnItsThread() throws Exception {
        assertThat(get(loop.submit(() -> Thread.currentThread().getName())))
                .isEqualTo("loop-under-test");
    }

    @Test
    void aTaskThatThrowsDoesNotEndTheLoop() throws Exception {
        assertThat(
                        loop.execute(
                                () -> {
                                    throw new IllegalStateException("defect");
                                }))
                .isTrue();
        assertThat(get(loop.submit(() -> 7))).isEqualTo(7);
    }

    @Test
    void anErrorOfASubmittedTaskCompletesItsFuture() throws Exception {
        CompletableFuture<Object> failed =
                loop.submit(
                        () -> {
                            throw new OutOfMemoryError("simulated");
                        });
        assertThatThrownBy(() -> get(failed)).hasCauseInstanceOf(OutOfMemoryError.class);
        assertThat(get(loop.submit(() -> 7))).isEqualTo(7);
    }

    /** Registers a pipe with a handler that throws when the pipe is readable, and writes to it. */
    private void makeReadyToThrow(Pipe pipe, Error defect, Consumer<Throwable> failed)
            throws Exception {
        var handler =
                new EventLoop.Handler() {
                    @Override
                    public void ready() {
                        throw defect;
                    }

                    @Override
                    public void registered(SelectionKey key) {}

                    @Override
                    public void failed(Throwable cause) {
                        failed.accept(cause);
                    }
                };
        get(loop.submit(() -> loop.register(pipe.source(), SelectionKey.OP_READ, handler)));
        pipe.sink().write(ByteBuffer.allocate(1));
    }

    @Test
    void aHandlerThatThrowsIsNotifiedAndTheLoopContinues() throws Exception {
        var defect = new StackOverflowError("simulated");
        var failure = new CompletableFuture<Throwable>();
        Pipe pipe = Pipe.open();
        makeReadyToThrow(
                pipe,
                defect,
                cause -> {
                    try {
                        pipe.source().close();
                    } catch (IOException e) {
                        cause.addSuppressed(e);
                    }
                    failure.complete(cause);
                });
        assertThat(get(failure)).isSameAs(defect);
        assertThat(get(loop.submit(() -> 7))).isEqualTo(7);
        pipe.sink().close();
    }

    /** For example, a lack of memory may persist while the failure is handled. */
    @Test
    void theLoopContinuesIfAHandlerCannotHandleItsFailure() throws Exception {
        var asked = new CompletableFuture<Void>();
        Pipe pipe = Pipe.open();
        makeReadyToThrow(
                pipe,
                new OutOfMemoryError("simulated"),
                cause -> {
                    asked.complete(null);
                    throw new OutOfMemoryError("simulated again");
                });
        get(asked);
        assertThat(get(loop.submit(() -> 7))).isEqualTo(7);
        assertThat(end).isNotDone();
        pipe.sink().close();
        pipe.source().close();
    }

    /** Reads bytes from a pipe one by one and counts them. */
    private static final class Reader implements EventLoop.Handler {
        private final Pipe.SourceChannel source;
        private final AtomicInteger bytes = new AtomicInteger();

        Reader(Pipe.SourceChannel source) {
            this.source = source;
        }

        @Override
        public void ready() throws IOException {
            bytes.addAndGet(source.read(ByteBuffer.allocate(8)));
        }

        @Override
        public void registered(SelectionKey key) {}

        @Override
        public void failed(Throwable cause) {}
    }

    @Test
    void pollsForTheNextEventAndThenBlocks() throws Exception {
        var polling =
                new EventLoop("polling", SelectorProvider.provider(), owner, Duration.ofMillis(10));
        polling.start();
        Pipe pipe = Pipe.open();
        var reader = new Reader(pipe.source());
        get(polling.submit(() -> polling.register(pipe.source(), SelectionKey.OP_READ, reader)));
        long before = polling.pollingNanos();
        for (int sent = 1; sent <= 100; sent++) {
            pipe.sink().write(ByteBuffer.allocate(1));
            int expected = sent;
            await().pollDelay(Duration.ZERO).until(() -> reader.bytes.get() == expected);
        }
        assertThat(polling.pollingNanos()).isGreaterThan(before);
        // Without an event for longer than the polling time, the loop stops polling.
        await().pollInterval(Duration.ofMillis(100))
                .until(new Unchanged(polling::pollingNanos)::check);
        assertThat(get(polling.submit(() -> 7))).isEqualTo(7);
        polling.stop();
        assertThat(polling.join(Duration.ofSeconds(10))).isTrue();
        pipe.sink().close();
    }

    @Test
    void runsATaskWhileItPolls() throws Exception {
        var polling =
                new EventLoop("polling", SelectorProvider.provider(), owner, Duration.ofHours(1));
        polling.start();
        assertThat(get(polling.submit(() -> 7))).isEqualTo(7);
        polling.stop();
        assertThat(polling.join(Duration.ofSeconds(10))).isTrue();
        assertThat(polling.pollingNanos()).isPositive();
    }

    /** Checks whether a figure has stayed the same since the last check. */
    private static final class Unchanged {
        private final LongSupplier figure;
        private long last = -1;

        Unchanged(LongSupplier figure) {
            this.figure = figure;
        }

        boolean check() {
            long now = figure.getAsLong();
            boolean unchanged = now == last;
            last = now;
            return unchanged;
        }
    }

    @Test
    void doesNotPollByDefault() throws Exception {
        assertThat(get(loop.submit(() -> 7))).isEqualTo(7);
        assertThat(loop.pollingNanos()).isZero();
    }

    @Test
    void aFatalErrorEndsTheLoop() throws Exception {
        var fatal = new InternalError("simulated");
        loop.execute(
                () -> {
                    throw fatal;
                });
        assertThat(get(closing)).containsSame(fatal);
        assertThat(get(end)).containsSame(fatal);
    }

    @Test
    void refusesTasksAfterItsEnd() throws Exception {
        loop.stop();
        assertThat(loop.join(Duration.ofSeconds(10))).isTrue();
        assertThat(get(end)).isEmpty();
        assertThat(loop.execute(() -> {})).isFalse();
        assertThatThrownBy(() -> loop.submit(() -> 7).join())
                .isInstanceOf(CancellationException.class);
    }

    @Test
    void isClosedEvenIfItWasNeverStarted() throws Exception {
        var idle =
                new EventLoop("never-started", SelectorProvider.provider(), owner, Duration.ZERO);
        assertThat(idle.join(Duration.ZERO)).isTrue();
        assertThat(get(end)).isEmpty();
    }
}
