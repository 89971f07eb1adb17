package io.epollecho.server;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * The bound socket of one listener, and the options of the sockets accepted from it: they are set
 * on the listening socket where it has them, as Linux passes them on at no cost, and otherwise on
 * each accepted socket.
 */
final class ListeningSocket {

    private static final Logger log = LoggerFactory.getLogger(ListeningSocket.class);

    /**
     * Urgent data is read in its place in the stream (RFC 6093). Without this option the kernel
     * takes the urgent byte out, and the echo would be one byte short. It has no constant in {@code
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
            // Before the bind: the size of the receive buffer shapes the handshake.
            setOptions(config.socket());
            bind(listenerConfig.socketAddress());
            this.localAddress = (InetSocketAddress) channel.getLocalAddress();
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private void bind(InetSocketAddress address) {
        try {
            channel.bind(address, backlog);
        } catch (IOException e) {
            throw new BindFailedException(listener, address, e);
        }
    }

    private void setOptions(SocketConfig config) throws IOException {
        // Allows a restart while old connections are in TIME_WAIT.
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

    @SuppressWarnings("unchecked") // the option of this name is a switch
    private static Option<?> on(SocketOption<?> option) {
        return new Option<>((SocketOption<Boolean>) option, true);
    }

    /** Sets the options that an accepted socket has not inherited. */
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

    /** Returns whether the peers' own addresses are only known once a header has arrived. */
    boolean hasProxyProtocol() {
        return proxyProtocol;
    }

    InetSocketAddress localAddress() {
        return localAddress;
    }

    void close() {
        try {
            channel.close();
        } catch (IOException e) {
            log.warn("Cannot close the listening socket of {}", listener, e);
        }
    }
}
