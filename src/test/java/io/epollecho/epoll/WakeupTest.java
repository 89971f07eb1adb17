package io.epollecho.epoll;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.ChildJvm;
import io.epollecho.Stopwatch;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

@Timeout(60)
@Tag("slow")
class WakeupTest {

    @Test
    void aWakeupThatRunsOutOfMemoryDoesNotPreventLaterWakeups() throws Exception {
        assertThat(ChildJvm.run(OutOfMemory.class, List.of(), "-XX:MaxDirectMemorySize=4m"))
                .containsExactly("wakeup: out of memory", "woken");
    }

    /** Runs in a separate virtual machine and briefly uses up its native memory. */
    static final class OutOfMemory {

        private OutOfMemory() {}

        static void main(String[] args) throws Exception {
            try (Selector selector = EpollSelectorProvider.levelTriggered().openSelector()) {
                selector.selectNow();
                List<ByteBuffer> hoard = hoard();
                Task<String> first = Task.start(() -> wakeup(selector));
                System.out.println("wakeup: " + first.result());
                hoard.clear();

                Task<Boolean> selecting = Task.start(() -> isWoken(selector));
                selecting.awaitBlocked();
                Task.start(() -> wakeup(selector)).result();
                System.out.println(selecting.result() ? "woken" : "not woken");
            }
        }

        /** Allocates direct memory until less is left than a thread needs. */
        private static List<ByteBuffer> hoard() {
            List<ByteBuffer> hoard = new ArrayList<>();
            for (int size : new int[] {1 << 20, 1 << 14, 1 << 8}) {
                try {
                    while (true) {
                        hoard.add(ByteBuffer.allocateDirect(size));
                    }
                } catch (OutOfMemoryError e) {
                    // try a smaller size
                }
            }
            return hoard;
        }

        private static String wakeup(Selector selector) {
            try {
                selector.wakeup();
                return "done";
            } catch (OutOfMemoryError e) {
                return "out of memory";
            }
        }

        private static boolean isWoken(Selector selector) throws IOException {
            var watch = Stopwatch.start();
            selector.select(Loopback.LONG / 2);
            return !watch.isPast(Duration.ofMillis(Loopback.LONG / 2));
        }
    }
}
