package io.epollecho.epoll;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;

@Timeout(60)
class DescriptorTest {

    private static Descriptor open() {
        return new Descriptor(
                Libc.eventfd(ThreadMemory.current(), 0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK));
    }

    private static boolean isOpen(int fd) {
        return Files.exists(Path.of("/proc/self/fd/" + fd), LinkOption.NOFOLLOW_LINKS);
    }

    @Test
    void anUnheldDescriptorIsClosedAtOnce() {
        Descriptor descriptor = open();
        assertThat(isOpen(descriptor.fd())).isTrue();
        descriptor.close();
        assertThat(isOpen(descriptor.fd())).isFalse();
        assertThat(descriptor.isFreed()).isTrue();
        assertThatExceptionOfType(ClosedChannelException.class).isThrownBy(descriptor::acquire);
    }

    @Test
    void theLastHolderCloses() throws Exception {
        Descriptor descriptor = open();
        int fd = descriptor.acquire();
        descriptor.acquire();
        descriptor.close();
        assertThat(isOpen(fd)).isTrue();
        assertThat(descriptor.tryAcquire()).isFalse();
        descriptor.release();
        assertThat(isOpen(fd)).isTrue();
        descriptor.release();
        assertThat(isOpen(fd)).isFalse();
    }

    @Test
    void itIsClosedOnceHoweverOftenThatIsAsked() {
        Descriptor descriptor = open();
        descriptor.close();
        Descriptor successor = open();
        assertThat(successor.fd()).isEqualTo(descriptor.fd());
        descriptor.close();
        assertThat(descriptor.tryAcquire()).isFalse();
        assertThat(isOpen(successor.fd())).isTrue();
        successor.close();
    }

    @Test
    void holdersAndClosersOfManyThreadsCloseItOnce() throws Exception {
        for (int round = 0; round < 300; round++) {
            Descriptor descriptor = open();
            CyclicBarrier start = new CyclicBarrier(3);
            AtomicBoolean misused = new AtomicBoolean();
            Thread[] threads = new Thread[3];
            for (int i = 0; i < threads.length; i++) {
                boolean closer = i == 0;
                threads[i] =
                        new Thread(
                                () -> {
                                    try {
                                        start.await();
                                    } catch (Exception e) {
                                        throw new AssertionError(e);
                                    }
                                    if (closer) {
                                        descriptor.close();
                                    }
                                    for (int j = 0; j < 50; j++) {
                                        if (descriptor.tryAcquire()) {
                                            misused.compareAndSet(false, descriptor.isFreed());
                                            descriptor.release();
                                        }
                                    }
                                });
                threads[i].start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(misused).isFalse();
            assertThat(descriptor.isFreed()).isTrue();
        }
    }
}
