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
 * Connects clients by the hundred thousand. Whoever closes first keeps its port in TIME_WAIT for a
 * minute, and one address has too few ports for that, so each connection comes from another address
 * or port of 127.0.0.0/8. The ports lie below those that the kernel gives out by itself: there they
 * would be missing to everybody else on the machine.
 */
final class SourceAddresses {

    private static final int FIRST_PORT = 10_000;
    private static final int PORTS = 20_000;
    private static final int ADDRESSES = 254 * 254;

    /** Begins anywhere, as ports of a run before this one may be in TIME_WAIT still. */
    private static final AtomicInteger next =
            new AtomicInteger(new SplittableRandom().nextInt(ADDRESSES) * PORTS);

    private SourceAddresses() {}

    /**
     * Connects in blocking mode.
     *
     * @param receiveBuffer its size in bytes, where 0 leaves it to the kernel
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
                channel.close(); // somebody listens there, or a TIME_WAIT is left: the next one
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
