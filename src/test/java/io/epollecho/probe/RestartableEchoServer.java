package io.epollecho.probe;

import io.epollecho.Ports;
import io.epollecho.probe.FaultyEchoServer.Echo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** An echo server that can be stopped and started again at the same address. */
final class RestartableEchoServer implements AutoCloseable {

    private static final Echo ECHO = (peer, bytes, _) -> peer.send(bytes);

    private final InetSocketAddress address;
    private FaultyEchoServer server;

    RestartableEchoServer() throws IOException {
        address = new InetSocketAddress(InetAddress.getLoopbackAddress(), Ports.free());
        server = new FaultyEchoServer(address, socket -> socket, ECHO);
    }

    InetSocketAddress address() {
        return address;
    }

    void stop() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void start() {
        try {
            server = new FaultyEchoServer(address, socket -> socket, ECHO);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        stop();
    }
}
