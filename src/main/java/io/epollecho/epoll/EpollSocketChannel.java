package io.epollecho.epoll;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ConnectionPendingException;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.NoConnectionPendingException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import java.util.Set;

/**
 * A TCP connection that supports only non-blocking mode.
 *
 * <p>Reading and writing take no lock. The state of the channel changes only under the monitor of
 * its {@link TcpConnection}.
 */
final class EpollSocketChannel extends SocketChannel implements EpollChannel {

    private final TcpConnection connection;

    /** Changes only under the connection's monitor. */
    private volatile ConnectionState state;

    /** True if {@link #bind} has succeeded. */
    private boolean bound;

    private @Nullable SocketAddress remoteAddress;

    private EpollSocketChannel(
            EpollSelectorProvider provider, TcpConnection connection, ConnectionState state) {
        super(provider);
        this.connection = connection;
        this.state = state;
    }

    /** Opens an unconnected channel. */
    static EpollSocketChannel open(EpollSelectorProvider provider, @Nullable ProtocolFamily family)
            throws IOException {
        TcpConnection connection = new TcpConnection(family);
        try {
            return new EpollSocketChannel(provider, connection, ConnectionState.UNCONNECTED);
        } catch (Throwable t) {
            connection.close();
            throw t;
        }
    }

    /** Returns a channel for the connection that was accepted into the memory. */
    static EpollSocketChannel accepted(
            EpollSelectorProvider provider, boolean inet6, ThreadMemory memory) {
        TcpConnection connection = new TcpConnection(memory, inet6);
        try {
            return new EpollSocketChannel(provider, connection, ConnectionState.CONNECTED);
        } catch (Throwable t) {
            connection.close();
            throw t;
        }
    }

    // -- Connecting --

    @Override
    public SocketChannel bind(@Nullable SocketAddress local) throws IOException {
        synchronized (connection) {
            ensureOpen();
            if (state == ConnectionState.PENDING) {
                throw new ConnectionPendingException();
            }
            if (bound || state == ConnectionState.CONNECTED) {
                throw new AlreadyBoundException();
            }
            connection.bind((local == null) ? null : Sockaddr.check(local, connection.isInet6()));
            bound = true;
        }
        return this;
    }

    @Override
    public boolean connect(SocketAddress remote) throws IOException {
        InetSocketAddress peer = loopbackForWildcard(Sockaddr.check(remote, connection.isInet6()));
        try {
            synchronized (connection) {
                ensureOpen();
                ensureNonBlocking();
                if (state == ConnectionState.CONNECTED) {
                    throw new AlreadyConnectedException();
                }
                if (state == ConnectionState.PENDING) {
                    throw new ConnectionPendingException();
                }
                remoteAddress = peer;
                boolean connected = connection.connect(peer);
                state = connected ? ConnectionState.CONNECTED : ConnectionState.PENDING;
                return connected;
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    @Override
    public boolean finishConnect() throws IOException {
        try {
            synchronized (connection) {
                if (state == ConnectionState.CONNECTED) {
                    return true;
                }
                ensureOpen();
                if (state != ConnectionState.PENDING) {
                    throw new NoConnectionPendingException();
                }
                ensureNonBlocking();
                if (!connection.hasConnected()) {
                    return false;
                }
                state = ConnectionState.CONNECTED;
                return true;
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /**
     * Replaces the wildcard address, which as a peer means this machine, with the loopback address.
     */
    private static InetSocketAddress loopbackForWildcard(InetSocketAddress address)
            throws UnknownHostException {
        if (!address.getAddress().isAnyLocalAddress()) {
            return address;
        }
        byte[] loopback = address.getAddress().getAddress();
        loopback[loopback.length - 1] = 1;
        if (loopback.length == 4) {
            loopback[0] = 127;
        }
        return new InetSocketAddress(InetAddress.getByAddress(loopback), address.getPort());
    }

    @Override
    public boolean isConnected() {
        return state == ConnectionState.CONNECTED;
    }

    @Override
    public boolean isConnectionPending() {
        return state == ConnectionState.PENDING;
    }

    // -- Reading and writing --

    @Override
    public int read(ByteBuffer dst) throws IOException {
        Objects.requireNonNull(dst);
        ensureTransferable();
        ensureNotReadOnly(dst);
        return connection.read(dst);
    }

    @Override
    public long read(ByteBuffer[] dsts, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, dsts.length);
        ensureTransferable();
        for (int i = offset; i < offset + length; i++) {
            ensureNotReadOnly(dsts[i]);
        }
        return connection.read(dsts, offset, length);
    }

    private static void ensureNotReadOnly(ByteBuffer dst) {
        if (dst.isReadOnly()) {
            throw new IllegalArgumentException("Read-only buffer");
        }
    }

    @Override
    public int write(ByteBuffer src) throws IOException {
        Objects.requireNonNull(src);
        ensureTransferable();
        return connection.write(src);
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, srcs.length);
        ensureTransferable();
        return connection.write(srcs, offset, length);
    }

    // -- Closing --

    @Override
    public SocketChannel shutdownInput() throws IOException {
        synchronized (connection) {
            ensureConnected();
            connection.shutdownInput();
        }
        return this;
    }

    @Override
    public SocketChannel shutdownOutput() throws IOException {
        synchronized (connection) {
            ensureConnected();
            connection.shutdownOutput();
        }
        return this;
    }

    @Override
    protected void implCloseSelectableChannel() {
        synchronized (connection) {
            state = ConnectionState.CLOSED;
        }
        connection.closeAtOnce();
    }

    // -- Readiness --

    @Override
    public int readyOps(int events, int interestOps) {
        // Read the state only once: another thread may be connecting, and each event must be
        // evaluated in a single state.
        int ready = state.readyOps(events, interestOps);
        if ((ready & LOOK_AGAIN_UNLESS_DRAINED) != 0) {
            connection.noteMoreBehind();
        }
        return ready;
    }

    @Override
    public boolean isDrained() {
        return !connection.mayHaveMoreBehind();
    }

    // -- Addresses and options --

    @Override
    public @Nullable SocketAddress getLocalAddress() throws IOException {
        synchronized (connection) {
            ensureOpen();
            return (bound || state == ConnectionState.CONNECTED) ? connection.localAddress() : null;
        }
    }

    @Override
    public @Nullable SocketAddress getRemoteAddress() throws IOException {
        synchronized (connection) {
            ensureOpen();
            return remoteAddress();
        }
    }

    private @Nullable SocketAddress remoteAddress() {
        if (remoteAddress == null && state == ConnectionState.CONNECTED) {
            remoteAddress = connection.acceptedFrom();
        }
        return remoteAddress;
    }

    @Override
    public <T> SocketChannel setOption(SocketOption<T> name, T value) throws IOException {
        SocketOptions.set(connection, supportedOptions(), name, value);
        return this;
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        return SocketOptions.get(connection, supportedOptions(), name);
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return SocketOptions.SOCKET_CHANNEL;
    }

    /** Always throws, because the streams of a {@link Socket} are blocking. */
    @Override
    public Socket socket() {
        throw new UnsupportedOperationException("This channel has no java.net.Socket");
    }

    // -- Mode --

    @Override
    protected void implConfigureBlocking(boolean block) {
        EpollChannel.refuseBlocking(block);
    }

    private void ensureNonBlocking() {
        if (isBlocking()) {
            throw new IllegalBlockingModeException();
        }
    }

    private void ensureOpen() throws ClosedChannelException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
    }

    private void ensureConnected() throws ClosedChannelException {
        ensureOpen();
        if (state != ConnectionState.CONNECTED) {
            throw new NotYetConnectedException();
        }
    }

    private void ensureTransferable() throws ClosedChannelException {
        if (state != ConnectionState.CONNECTED) {
            ensureConnected();
        }
        ensureNonBlocking();
    }

    @Override
    public TcpSocket tcpSocket() {
        return connection;
    }

    @Override
    public String toString() {
        synchronized (connection) {
            return switch (state) {
                case UNCONNECTED -> "SocketChannel[unconnected]";
                case PENDING -> "SocketChannel[connection-pending remote=" + remoteAddress + "]";
                case CONNECTED -> "SocketChannel[connected remote=" + remoteAddress() + "]";
                case CLOSED -> "SocketChannel[closed]";
            };
        }
    }
}
