package io.epollecho.epoll;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/** A listener and a selector of one provider, and further resources of a test, closed together. */
final class Loopback implements Closeable {

    /** A timeout in milliseconds that no machine reaches, so that a test waits for events only. */
    static final long LONG = 10_000;

    final SelectorProvider provider;
    final Selector selector;
    final ServerSocketChannel listener;
    private final Deque<Closeable> opened = new ArrayDeque<>();

    Loopback(SelectorProvider provider) throws IOException {
        this(provider, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    Loopback(SelectorProvider provider, SocketAddress address) throws IOException {
        this.provider = provider;
        this.selector = closing(provider.openSelector());
        this.listener = closing(provider.openServerSocketChannel());
        listener.configureBlocking(false);
        listener.bind(address, 1000);
    }

    <T extends Closeable> T closing(T resource) {
        opened.push(resource);
        return resource;
    }

    InetSocketAddress address() throws IOException {
        return (InetSocketAddress) listener.getLocalAddress();
    }

    /** Returns a non-blocking channel of the provider, connected to a plain blocking socket. */
    Connection connect() throws IOException {
        Socket peer = connectPeerOnly();
        return new Connection(accept(), peer);
    }

    /** Returns a connected socket whose connection has not been accepted yet. */
    Socket connectPeerOnly() throws IOException {
        Socket peer = closing(new Socket());
        peer.setTcpNoDelay(true);
        peer.connect(address());
        return peer;
    }

    SocketChannel accept() throws IOException {
        SocketChannel channel = acceptBlocking();
        channel.configureBlocking(false);
        return channel;
    }

    /** Accepts the next connection and leaves its blocking mode unchanged. */
    SocketChannel acceptBlocking() throws IOException {
        SocketChannel channel;
        while ((channel = listener.accept()) == null) {
            Thread.onSpinWait();
        }
        return closing(channel);
    }

    SocketChannel open() throws IOException {
        SocketChannel channel = closing(provider.openSocketChannel());
        channel.configureBlocking(false);
        return channel;
    }

    /** Waits until the channel is ready for the operation, with a separate selector. */
    void awaitReady(SocketChannel channel, int ops) throws IOException {
        try (Selector own = provider.openSelector()) {
            channel.register(own, ops);
            if (own.select(LONG) == 0) {
                throw new AssertionError("not ready within " + LONG + " ms: " + channel);
            }
        }
    }

    /** Waits until the channel is readable and reads into a buffer of the given size. */
    String read(SocketChannel channel, int size) throws IOException {
        awaitReady(channel, SelectionKey.OP_READ);
        ByteBuffer buffer = ByteBuffer.allocate(size);
        return (channel.read(buffer) < 0) ? "<end>" : text(buffer);
    }

    static String text(ByteBuffer buffer) {
        return StandardCharsets.US_ASCII.decode(buffer.duplicate().flip()).toString();
    }

    static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    static ByteBuffer direct(String text) {
        return ByteBuffer.allocateDirect(text.length()).put(bytes(text)).flip();
    }

    @Override
    public void close() throws IOException {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
    }

    record Connection(SocketChannel channel, Socket peer) {

        void send(String text) throws IOException {
            peer.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        }

        String receive(int length) throws IOException {
            return new String(peer.getInputStream().readNBytes(length), StandardCharsets.US_ASCII);
        }

        /** Makes the peer send a RST, even if bytes are still in transit. */
        void reset() throws IOException {
            peer.setSoLinger(true, 0);
            peer.close();
        }
    }
}
