package io.epollecho.epoll;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.epollecho.Alone;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(60)
@Alone("knows which descriptor number the process opens next")
class DescriptorTest {

    private static Descriptor open() {
        return new Descriptor(
                Libc.eventfd(ThreadMemory.borrow(), 0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK));
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
    void closingItAgainHasNoEffect() {
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
    void holdersDuringTheCloseNeitherUseItNorCloseItAgain() throws Exception {
        AtomicReference<Descriptor> current = new AtomicReference<>(open());
        AtomicBoolean done = new AtomicBoolean();
        FutureTask<Boolean> holding =
                new FutureTask<>(
                        () -> {
                            boolean misused = false;
                            while (!done.get()) {
                                Descriptor descriptor = current.get();
                                if (descriptor.tryAcquire()) {
                                    misused |= descriptor.isFreed();
                                    descriptor.release(); // throws if it was closed already
                                }
                            }
                            return misused;
                        });
        new Thread(holding).start();
        for (int i = 0; i < 50_000; i++) {
            Descriptor descriptor = current.getAndSet(open());
            descriptor.close(); // throws if it was closed already
        }
        done.set(true);
        assertThat(holding.get()).isFalse();
        current.get().close();
        assertThat(current.get().isFreed()).isTrue();
    }
}
