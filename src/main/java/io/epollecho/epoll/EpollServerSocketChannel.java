package io.epollecho.epoll;

import static io.epollecho.epoll.EpollEvents.EPOLLERR;
import static io.epollecho.epoll.EpollEvents.EPOLLHUP;
import static io.epollecho.epoll.EpollEvents.EPOLLIN;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.ProtocolFamily;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.NotYetBoundException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Set;

/** A listening TCP socket that supports only non-blocking mode. */
final class EpollServerSocketChannel extends ServerSocketChannel implements EpollChannel {

    private static final int DEFAULT_BACKLOG = 50;

    private final EpollSelectorProvider provider;
    private final TcpSocket socket;

    /** Set once, under the socket's monitor, when the socket is bound and listening. */
    private volatile @Nullable SocketAddress localAddress;

    EpollServerSocketChannel(EpollSelectorProvider provider, @Nullable ProtocolFamily family)
            throws IOException {
        super(provider);
        this.provider = provider;
        this.socket = new TcpSocket(family);
        try {
            // Allow a server to restart while connections of its predecessor are in TIME_WAIT.
            setOption(StandardSocketOptions.SO_REUSEADDR, true);
        } catch (Throwable t) {
            socket.close();
            throw t;
        }
    }

    @Override
    public ServerSocketChannel bind(@Nullable SocketAddress local, int backlog) throws IOException {
        synchronized (socket) {
            ensureOpen();
            if (localAddress != null) {
                throw new AlreadyBoundException();
            }
            socket.bind((local == null) ? null : Sockaddr.check(local, socket.isInet6()));
            socket.listen((backlog < 1) ? DEFAULT_BACKLOG : backlog);
            localAddress = socket.localAddress();
        }
        return this;
    }

    @Override
    public @Nullable SocketChannel accept() throws IOException {
        ensureOpen();
        if (localAddress == null) {
            throw new NotYetBoundException();
        }
        if (isBlocking()) {
            throw new IllegalBlockingModeException();
        }
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            try {
                return socket.accept(memory)
                        ? EpollSocketChannel.accepted(provider, socket.isInet6(), memory)
                        : null;
            } catch (Throwable t) {
                memory.closeAccepted();
                throw t;
            }
        }
    }

    @Override
    protected void implCloseSelectableChannel() {
        socket.closeAtOnce();
    }

    @Override
    public int readyOps(int events, int interestOps) {
        return (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0
                ? SelectionKey.OP_ACCEPT & interestOps
                : 0;
    }

    @Override
    public boolean isDrained() {
        return true; // an accept reports everything there is to report
    }

    @Override
    public @Nullable SocketAddress getLocalAddress() throws IOException {
        ensureOpen();
        return localAddress;
    }

    @Override
    public <T> ServerSocketChannel setOption(SocketOption<T> name, T value) throws IOException {
        SocketOptions.set(socket, supportedOptions(), name, value);
        return this;
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        return SocketOptions.get(socket, supportedOptions(), name);
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return SocketOptions.SERVER_SOCKET_CHANNEL;
    }

    /** Always throws, because the sockets that a {@link ServerSocket} accepts are blocking. */
    @Override
    public ServerSocket socket() {
        throw new UnsupportedOperationException("This channel has no java.net.ServerSocket");
    }

    @Override
    protected void implConfigureBlocking(boolean block) {
        EpollChannel.refuseBlocking(block);
    }

    private void ensureOpen() throws ClosedChannelException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
    }

    @Override
    public TcpSocket tcpSocket() {
        return socket;
    }

    @Override
    public String toString() {
        return "ServerSocketChannel["
                + (isOpen() ? (localAddress != null ? localAddress : "unbound") : "closed")
                + "]";
    }
}
