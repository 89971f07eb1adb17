package io.epollecho.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.ChildJvm;
import io.epollecho.epoll.EpollSelectorProvider;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** The end of a loop whose task fails fatally while the heap of the process is full. */
@Timeout(60)
@SuppressWarnings("StaticAssignmentOfThrowable") // used while nothing can be allocated
class FullHeapLoopTest {

    private static final Error FATAL = new InternalError("fatal");
    private static final Duration FULL = Duration.ofMillis(500);

    private static volatile @Nullable Object @Nullable [] hoard;
    private static volatile boolean thrown;
    private static volatile @Nullable Throwable endedBy;

    @Test
    void aFatalErrorEndsTheLoop() throws Exception {
        List<String> output =
                ChildJvm.run(FullHeapLoopTest.class, List.of(), "-Xmx24m", "-XX:+UseSerialGC");
        assertThat(output).contains("ended by " + FATAL);
    }

    /** The process. Uses nothing but memory while the heap is full. */
    public static void main(String[] args) throws Exception {
        var loop =
                new EventLoop(
                        "loop", EpollSelectorProvider.edgeTriggered(), new Owner(), Duration.ZERO);
        loop.start();
        boolean _ =
                loop.execute(
                        () -> {
                            fill();
                            thrown = true;
                            throw FATAL;
                        });
        while (!thrown) {
            Thread.onSpinWait();
        }
        long end = System.nanoTime() + FULL.toNanos();
        while (System.nanoTime() - end < 0) {
            Thread.onSpinWait();
        }
        hoard = null;
        boolean ended = loop.join(Duration.ofSeconds(20));
        System.out.println(ended ? "ended by " + endedBy : "still running");
        System.exit(0);
    }

    private static void fill() {
        for (int size = 1 << 18; size > 0; size /= 2) {
            fillWith(size);
        }
    }

    private static void fillWith(int size) {
        try {
            while (true) {
                var more = new @Nullable Object[size];
                more[0] = hoard;
                hoard = more;
            }
        } catch (OutOfMemoryError e) {
            // no such array fits any more
        }
    }

    private static final class Owner implements EventLoop.Owner {

        @Override
        public boolean closeUnselectable(IOException cause) {
            return false;
        }

        @Override
        public void closeAll(@Nullable Throwable cause) {}

        @Override
        public void ended(@Nullable Throwable cause) {
            endedBy = cause;
        }
    }
}
