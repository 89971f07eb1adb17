package io.epollecho.server;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Connects hundreds of thousands of clients. The side that closes first keeps its port in TIME_WAIT
 * for a minute, and one address has too few ports for that, so each connection uses a different
 * address or port of 127.0.0.0/8. The ports are below the kernel's ephemeral ports, which other
 * programs on the machine need.
 */
final class SourceAddresses {

    private static final int FIRST_PORT = 10_000;
    private static final int PORTS = 20_000;
    private static final int ADDRESSES = 254 * 254;

    /** Starts at a random position, because ports of a previous run may still be in TIME_WAIT. */
    private static final AtomicInteger next =
            new AtomicInteger(new SplittableRandom().nextInt(ADDRESSES) * PORTS);

    private SourceAddresses() {}

    /**
     * Connects in blocking mode.
     *
     * @param receiveBuffer the size in bytes; 0 lets the kernel choose
     */
    static SocketChannel connect(InetSocketAddress server, int receiveBuffer) throws IOException {
        while (true) {
            SocketChannel channel = SocketChannel.open();
            try {
                channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                if (receiveBuffer > 0) {
                    channel.setOption(StandardSocketOptions.SO_RCVBUF, receiveBuffer);
                }
                channel.bind(nextAddress());
                channel.connect(server);
                return channel;
            } catch (BindException e) {
                channel.close(); // the port is in use or in TIME_WAIT; try the next one
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        }
    }

    private static InetSocketAddress nextAddress() throws IOException {
        int number = next.getAndIncrement() & Integer.MAX_VALUE;
        int address = number / PORTS % ADDRESSES;
        byte[] bytes = {127, 1, (byte) (1 + address / 254), (byte) (1 + address % 254)};
        return new InetSocketAddress(InetAddress.getByAddress(bytes), FIRST_PORT + number % PORTS);
    }
}
