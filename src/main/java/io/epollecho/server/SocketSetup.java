package io.epollecho.server;

import java.io.IOException;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * Sets the options of accepted sockets: on the listening socket where it takes them, as Linux hands
 * them down at no cost, and otherwise on each socket.
 */
final class SocketSetup {

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

    private final List<Option<?>> perSocket = new ArrayList<>();

    /**
     * Sets what the listening socket takes; it must not be bound yet, as a receive buffer's size
     * shapes the handshake.
     */
    SocketSetup(ServerSocketChannel listener, SocketOptions config) throws IOException {
        listener.setOption(
                StandardSocketOptions.SO_REUSEADDR,
                true); // restart while old connections are in TIME_WAIT
        var options = new ArrayList<Option<?>>();
        options.add(new Option<>(StandardSocketOptions.TCP_NODELAY, config.noDelay()));
        options.add(new Option<>(StandardSocketOptions.SO_KEEPALIVE, config.keepAlive()));
        if (config.receiveBuffer() != null) {
            options.add(new Option<>(StandardSocketOptions.SO_RCVBUF, config.receiveBuffer()));
        }
        if (config.sendBuffer() != null) {
            options.add(new Option<>(StandardSocketOptions.SO_SNDBUF, config.sendBuffer()));
        }
        try (SocketChannel sample = listener.provider().openSocketChannel()) {
            for (SocketOption<?> option : sample.supportedOptions()) {
                if (option.name().equals(URGENT_DATA_INLINE)) {
                    options.add(on(option));
                }
            }
        }
        for (Option<?> option : options) {
            if (listener.supportedOptions().contains(option.name)) {
                option.setOn(listener);
            } else {
                perSocket.add(option);
            }
        }
    }

    void applyTo(SocketChannel channel) throws IOException {
        for (int i = 0; i < perSocket.size(); i++) {
            perSocket.get(i).setOn(channel);
        }
    }

    @SuppressWarnings("unchecked") // the option of this name is a switch
    private static Option<?> on(SocketOption<?> option) {
        return new Option<>((SocketOption<Boolean>) option, true);
    }
}
