package io.epollecho.stream;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** Two connected sockets. The server's socket is non-blocking. */
record SocketPair(SocketChannel server, SocketChannel client) implements Closeable {

    static SocketPair open() throws IOException {
        return open(Sockets.JDK);
    }

    /** Returns a connected pair. The client's socket always belongs to the JDK. */
    static SocketPair open(Sockets sockets) throws IOException {
        try (ServerSocketChannel listener = sockets.provider().openServerSocketChannel()) {
            listener.configureBlocking(false);
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel client = SocketChannel.open(listener.getLocalAddress());
            SocketChannel server;
            while ((server = listener.accept()) == null) {
                Thread.onSpinWait();
            }
            client.setOption(StandardSocketOptions.TCP_NODELAY, true);
            server.setOption(StandardSocketOptions.TCP_NODELAY, true);
            server.configureBlocking(false);
            return new SocketPair(server, client);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        client.close();
    }
}
