package io.epollecho.epoll;

import java.io.IOException;
import java.net.ProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.util.Objects;
import java.util.Optional;

/**
 * A {@link SelectorProvider} on Linux epoll(7), level-triggered or truly edge-triggered. It creates
 * selectors and the non-blocking TCP channels that can be registered with them. The package
 * description specifies its behaviour.
 *
 * <p>There is one provider for each trigger mode. A selector accepts only the channels of its own
 * provider. Providers may be used by any thread.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/epoll.7.html">epoll(7)</a>
 */
public final class EpollSelectorProvider extends SelectorProvider {

    private final boolean edgeTriggered;
    private final EpollEvents.Layout layout;

    private EpollSelectorProvider(boolean edgeTriggered) {
        this.edgeTriggered = edgeTriggered;
        this.layout = EpollEvents.Layout.of(System.getProperty("os.arch", ""));
    }

    /**
     * Returns the provider whose selectors report a channel for as long as it is ready.
     *
     * @return the level-triggered provider, always the same object
     * @throws UnsupportedOperationException if epoll cannot be used; the message gives the reason
     */
    public static EpollSelectorProvider levelTriggered() {
        requireAvailable();
        return Instances.LEVEL;
    }

    /**
     * Returns the provider whose selectors report a channel <strong>only once, when it becomes
     * ready</strong> (EPOLLET). <strong>If the channel is not drained, a second selection reports
     * nothing</strong>, contrary to what the description of {@link java.nio.channels.Selector}
     * suggests.
     *
     * <p>After a report, accept, read or write until the operation would block, or call {@link
     * java.nio.channels.SelectionKey#interestOps(int)} to have the channel checked again. Code that
     * was written for the JDK's selector and leaves bytes unread would stall; use {@link
     * #levelTriggered()} for such code.
     *
     * @return the edge-triggered provider, always the same object
     * @throws UnsupportedOperationException if epoll cannot be used; the message gives the reason
     */
    public static EpollSelectorProvider edgeTriggered() {
        requireAvailable();
        return Instances.EDGE;
    }

    /**
     * Returns the reason why this virtual machine cannot use epoll: an unsupported operating system
     * or processor, a C library that lacks a function, or denied native access.
     *
     * <p>Native access is denied if {@code --illegal-native-access=deny} is set and {@code
     * --enable-native-access} does not include this module. If neither option is set, the virtual
     * machine allows native access and prints a warning at the first native call, which this method
     * makes.
     *
     * @return the reason as a sentence, or empty if epoll can be used
     */
    public static Optional<String> unavailability() {
        return unavailability(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
    }

    static Optional<String> unavailability(String system, String architecture) {
        if (!system.equals("Linux")) {
            return Optional.of("epoll requires Linux, but this is " + system + ".");
        }
        if (!architecture.equals("amd64") && !architecture.equals("aarch64")) {
            return Optional.of(
                    "epoll is supported on x86-64 (amd64) and aarch64, but this is "
                            + architecture
                            + ".");
        }
        Optional<String> missing = Libc.missingSymbol();
        if (missing.isPresent()) {
            return Optional.of("The C library has no function " + missing.get() + ".");
        }
        if (!Libc.isNativeAccessAllowed()) {
            Module module = EpollSelectorProvider.class.getModule();
            return Optional.of(
                    "epoll requires native access, which is denied. Start Java with"
                            + " --enable-native-access="
                            + (module.isNamed() ? module.getName() : "ALL-UNNAMED")
                            + ".");
        }
        return Optional.empty();
    }

    private static void requireAvailable() {
        unavailability()
                .ifPresent(
                        reason -> {
                            throw new UnsupportedOperationException(reason);
                        });
    }

    /**
     * Returns whether the selectors of this provider are edge-triggered.
     *
     * @return {@code true} for the provider of {@link #edgeTriggered()}, {@code false} for that of
     *     {@link #levelTriggered()}
     */
    public boolean isEdgeTriggered() {
        return edgeTriggered;
    }

    @Override
    public AbstractSelector openSelector() throws IOException {
        return new EpollSelector(this, layout);
    }

    @Override
    public ServerSocketChannel openServerSocketChannel() throws IOException {
        return new EpollServerSocketChannel(this, null);
    }

    /**
     * Opens a listening channel for one protocol family.
     *
     * @throws UnsupportedOperationException if the family is not {@code INET} or {@code INET6}, or
     *     this machine has no IPv6
     */
    @Override
    public ServerSocketChannel openServerSocketChannel(ProtocolFamily family) throws IOException {
        return new EpollServerSocketChannel(this, Objects.requireNonNull(family));
    }

    @Override
    public SocketChannel openSocketChannel() throws IOException {
        return EpollSocketChannel.open(this, null);
    }

    /**
     * Opens a channel for one protocol family.
     *
     * @throws UnsupportedOperationException if the family is not {@code INET} or {@code INET6}, or
     *     this machine has no IPv6
     */
    @Override
    public SocketChannel openSocketChannel(ProtocolFamily family) throws IOException {
        return EpollSocketChannel.open(this, Objects.requireNonNull(family));
    }

    /** Always throws, because only TCP is supported. */
    @Override
    public DatagramChannel openDatagramChannel() {
        throw new UnsupportedOperationException("Datagram channels are not supported");
    }

    /** Always throws, because only TCP is supported. */
    @Override
    public DatagramChannel openDatagramChannel(ProtocolFamily family) {
        throw new UnsupportedOperationException("Datagram channels are not supported");
    }

    /** Always throws, because only TCP is supported. */
    @Override
    public Pipe openPipe() {
        throw new UnsupportedOperationException("Pipes are not supported");
    }

    @Override
    public String toString() {
        return "EpollSelectorProvider[" + (edgeTriggered ? "edge" : "level") + "-triggered]";
    }

    /** Created on first use, after {@code requireAvailable()} has succeeded. */
    private static final class Instances {

        static final EpollSelectorProvider LEVEL = new EpollSelectorProvider(false);
        static final EpollSelectorProvider EDGE = new EpollSelectorProvider(true);

        private Instances() {}
    }
}
