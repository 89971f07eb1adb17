package io.epollecho.probe;

import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A second link into a namespace, with delay and loss. It consists of two TUN devices, between
 * which this process forwards packets. Unlike netem, it requires no kernel module.
 */
final class LossyLink implements AutoCloseable {

    /** The address of this machine on the link. */
    static final String HOST = NetworkNamespace.address(5);

    private static final String GUEST = NetworkNamespace.address(6);
    private static final Path DEVICE = Path.of("/dev/net/tun");

    // <fcntl.h> and <linux/if_tun.h>
    private static final int O_RDWR = 2;
    private static final long TUNSETIFF = 0x400454caL;
    private static final short IFF_TUN_NO_PI = 0x1001;
    private static final int IFREQ_SIZE = 40;
    private static final int IFREQ_FLAGS = 16;
    private static final int LARGEST_PACKET = 65_535;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final AddressLayout POINTER = ValueLayout.ADDRESS;
    private static final MethodHandle OPEN =
            libc(
                    "open",
                    FunctionDescriptor.of(INT, POINTER, INT),
                    Linker.Option.firstVariadicArg(2));
    private static final MethodHandle IOCTL =
            libc(
                    "ioctl",
                    FunctionDescriptor.of(INT, INT, LONG, POINTER),
                    Linker.Option.firstVariadicArg(2));
    private static final MethodHandle READ =
            libc("read", FunctionDescriptor.of(LONG, INT, POINTER, LONG));
    private static final MethodHandle WRITE =
            libc("write", FunctionDescriptor.of(LONG, INT, POINTER, LONG));
    private static final MethodHandle CLOSE = libc("close", FunctionDescriptor.of(INT, INT));

    @SuppressWarnings("restricted") // native access is enabled for the tests
    private static MethodHandle libc(
            String name, FunctionDescriptor type, Linker.Option... options) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type, options);
    }

    // A single thread preserves the order of packets.
    private final ScheduledExecutorService delayed = Executors.newSingleThreadScheduledExecutor();
    private final AtomicLong packets = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();
    private final NetworkNamespace namespace;
    private final long delayNanos;
    private final int lossEvery;
    private final String hostDevice = "pl" + ProcessHandle.current().pid() % 100_000_000;
    private final String guestDevice = "pg" + ProcessHandle.current().pid() % 100_000_000;
    private final int host;
    private final int guest;
    private volatile boolean cut;

    /**
     * Creates the link.
     *
     * @param delay the delay of each packet, in either direction
     * @param lossEvery one in this number of packets is lost
     * @throws IOException if this is not permitted or possible; the message contains the reason
     */
    LossyLink(NetworkNamespace namespace, Duration delay, int lossEvery) throws IOException {
        this.namespace = namespace;
        this.delayNanos = delay.toNanos();
        this.lossEvery = lossEvery;
        this.host = device(hostDevice);
        try {
            this.guest = device(guestDevice);
            NetworkNamespace.command("ip", "link", "set", guestDevice, "netns", namespace.name());
            NetworkNamespace.command("ip", "addr", "add", HOST + "/30", "dev", hostDevice);
            NetworkNamespace.command("ip", "link", "set", hostDevice, "up");
            namespace.inside("ip", "addr", "add", GUEST + "/30", "dev", guestDevice);
            namespace.inside("ip", "link", "set", guestDevice, "up");
        } catch (IOException e) {
            close(host);
            throw e;
        }
        Thread.ofPlatform().daemon().start(() -> carry(host, guest));
        Thread.ofPlatform().daemon().start(() -> carry(guest, host));
    }

    /** Opens a device, which the kernel removes when it is closed. */
    private static int device(String name) throws IOException {
        if (!Files.isReadable(DEVICE)) {
            throw new IOException(DEVICE + " does not exist or is not readable");
        }
        try (Arena arena = Arena.ofConfined()) {
            int device = (int) OPEN.invokeExact(arena.allocateFrom(DEVICE.toString()), O_RDWR);
            MemorySegment request = arena.allocate(IFREQ_SIZE);
            request.setString(0, name);
            request.set(ValueLayout.JAVA_SHORT, IFREQ_FLAGS, IFF_TUN_NO_PI);
            if (device < 0 || (int) IOCTL.invokeExact(device, TUNSETIFF, request) < 0) {
                throw new IOException("the kernel refused to create a device from " + DEVICE);
            }
            return device;
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private void carry(int from, int to) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(LARGEST_PACKET);
            long length = (long) READ.invokeExact(from, buffer, buffer.byteSize());
            while (length > 0) {
                if (cut || packets.incrementAndGet() % lossEvery == 0) {
                    lost.incrementAndGet();
                } else {
                    byte[] packet = buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
                    var _ =
                            delayed.schedule(
                                    () -> send(to, packet), delayNanos, TimeUnit.NANOSECONDS);
                }
                length = (long) READ.invokeExact(from, buffer, buffer.byteSize());
            }
        } catch (RejectedExecutionException e) {
            // The link was closed.
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static void send(int to, byte[] packet) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, packet);
            // The device has been removed; the packet is lost.
            long _ = (long) WRITE.invokeExact(to, bytes, bytes.byteSize());
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Drops all packets from now on if {@code all} is true, or stops doing so. */
    void cut(boolean all) {
        cut = all;
    }

    /** Returns the number of lost packets. */
    long lost() {
        return lost.get();
    }

    /** Removes the link. */
    @Override
    public void close() throws IOException {
        delayed.shutdownNow();
        // The readers wake up when the devices are removed, but not when they are closed.
        NetworkNamespace.command("ip", "link", "delete", hostDevice);
        namespace.inside("ip", "link", "delete", guestDevice);
        close(host);
        close(guest);
    }

    private static void close(int device) {
        try {
            int _ = (int) CLOSE.invokeExact(device);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
