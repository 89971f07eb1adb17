package io.epollecho.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.ArrayList;
import java.util.List;

/**
 * The bound socket of one listener, and the options of the sockets accepted from it. Options that
 * the listening socket supports are set there, because Linux lets accepted sockets inherit them at
 * no cost. The others are set on each accepted socket.
 */
final class ListeningSocket {

    /**
     * Keeps urgent data in its place in the stream (RFC 6093). Without this option, the kernel
     * removes the urgent byte and the echo is one byte short. The option has no constant in {@code
     * java.net}, but channels support it.
     */
    private static final String URGENT_DATA_INLINE = "SO_OOBINLINE";

    private record Option<T>(SocketOption<T> name, T value) {

        void setOn(NetworkChannel channel) throws IOException {
            channel.setOption(name, value);
        }
    }

    private final String listener;
    private final ServerSocketChannel channel;
    private final int backlog;
    private final boolean proxyProtocol;
    private final InetSocketAddress localAddress;
    private final List<Option<?>> perSocket = new ArrayList<>();

    /**
     * Opens and binds the socket.
     *
     * @param listener the listener's name
     * @param config the configuration of the server
     * @throws BindFailedException if the address cannot be bound
     * @throws IOException if anything else fails; nothing is left open
     */
    ListeningSocket(String listener, EchoServerConfig config) throws IOException {
        ListenerConfig listenerConfig = config.listener(listener);
        this.listener = listener;
        this.backlog = listenerConfig.backlog();
        this.proxyProtocol = listenerConfig.proxyProtocol() != null;
        this.channel = config.selector().provider().openServerSocketChannel();
        try {
            // Before the bind: the receive buffer size affects the TCP handshake.
            setOptions(config.socket());
            bind(listenerConfig.socketAddress());
            this.localAddress = (InetSocketAddress) channel.getLocalAddress();
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private void bind(InetSocketAddress address) {
        try {
            channel.bind(address, backlog);
        } catch (UnsupportedAddressTypeException e) { // an IPv6 address without IPv6
            throw new BindFailedException(
                    listener,
                    address,
                    new SocketException("Address family not supported by this machine"));
        } catch (IOException e) {
            throw new BindFailedException(listener, address, e);
        }
    }

    private void setOptions(SocketConfig config) throws IOException {
        // Allow a restart while old connections are in TIME_WAIT.
        channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        var options = new ArrayList<Option<?>>();
        options.add(new Option<>(StandardSocketOptions.TCP_NODELAY, config.noDelay()));
        options.add(new Option<>(StandardSocketOptions.SO_KEEPALIVE, config.keepAlive()));
        if (config.receiveBuffer() != null) {
            options.add(new Option<>(StandardSocketOptions.SO_RCVBUF, config.receiveBuffer()));
        }
        if (config.sendBuffer() != null) {
            options.add(new Option<>(StandardSocketOptions.SO_SNDBUF, config.sendBuffer()));
        }
        try (SocketChannel sample = channel.provider().openSocketChannel()) {
            for (SocketOption<?> option : sample.supportedOptions()) {
                if (option.name().equals(URGENT_DATA_INLINE)) {
                    options.add(on(option));
                }
            }
        }
        for (Option<?> option : options) {
            if (channel.supportedOptions().contains(option.name)) {
                option.setOn(channel);
            } else {
                perSocket.add(option);
            }
        }
    }

    @SuppressWarnings("unchecked") // the option with this name is a Boolean
    private static Option<?> on(SocketOption<?> option) {
        return new Option<>((SocketOption<Boolean>) option, true);
    }

    /** Sets the options that an accepted socket does not inherit. */
    void setUp(SocketChannel accepted) throws IOException {
        for (int i = 0; i < perSocket.size(); i++) {
            perSocket.get(i).setOn(accepted);
        }
    }

    String listener() {
        return listener;
    }

    ServerSocketChannel channel() {
        return channel;
    }

    int backlog() {
        return backlog;
    }

    /** Returns whether a peer's address is known only after the PROXY header has arrived. */
    boolean hasProxyProtocol() {
        return proxyProtocol;
    }

    InetSocketAddress localAddress() {
        return localAddress;
    }

    /** Closes the socket. Idempotent and thread-safe. */
    void close() {
        Closing.close(channel);
    }
}
