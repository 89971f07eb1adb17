package io.epollecho.epoll;

import static io.epollecho.epoll.EpollEvents.EPOLLERR;
import static io.epollecho.epoll.EpollEvents.EPOLLHUP;
import static io.epollecho.epoll.EpollEvents.EPOLLIN;
import static io.epollecho.epoll.EpollEvents.EPOLLOUT;
import static io.epollecho.epoll.EpollEvents.EPOLLPRI;
import static io.epollecho.epoll.EpollEvents.EPOLLRDHUP;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
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
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ConnectionPendingException;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.NoConnectionPendingException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import java.util.Set;

/**
 * A TCP connection, non-blocking only.
 *
 * <p>Reading and writing take no lock: the kernel orders concurrent calls. What changes the state
 * of the connection does so under the monitor of its {@link TcpSocket}.
 */
final class EpollSocketChannel extends SocketChannel implements EpollChannel {

    private static final int UNCONNECTED = 0;
    private static final int PENDING = 1;
    private static final int CONNECTED = 2;
    private static final int CLOSED = 3;

    private static final VarHandle UNDRAINED;

    static {
        try {
            UNDRAINED =
                    MethodHandles.lookup()
                            .findVarHandle(EpollSocketChannel.class, "undrained", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final TcpSocket socket;

    // The peer of an accepted connection, as numbers: most are never asked for it, and a connection
    // that has been reset could no longer tell.
    private final long peerHigh;
    private final long peerLow;
    private final int peerScope;
    private final char peerPort;

    /** Only goes up; changed under the monitor of the socket. */
    private volatile int state;

    private volatile boolean inputShutdown;
    private volatile boolean outputShutdown;

    /** The kernel tells of a reset once; everybody who reads shall hear of it. */
    private volatile boolean reset;

    private boolean bound;

    private @Nullable SocketAddress remoteAddress;

    /** See {@link #markUndrained()}; zero when there is nothing to report again. */
    private volatile int undrained;

    /** A channel that is yet to be connected. */
    EpollSocketChannel(EpollSelectorProvider provider, @Nullable ProtocolFamily family)
            throws IOException {
        super(provider);
        this.socket = TcpSocket.open(family);
        this.peerHigh = 0;
        this.peerLow = 0;
        this.peerScope = 0;
        this.peerPort = 0;
    }

    /** A connection that was accepted; its peer's address is where accept4 has put it. */
    EpollSocketChannel(EpollSelectorProvider provider, TcpSocket socket, ThreadMemory memory) {
        super(provider);
        this.socket = socket;
        var peer = memory.socketAddress();
        this.peerHigh = Sockaddr.high(peer);
        this.peerLow = Sockaddr.low(peer);
        this.peerScope = Sockaddr.scope(peer);
        this.peerPort = Sockaddr.port(peer);
        this.bound = true;
        this.state = CONNECTED;
    }

    // -- Connecting --

    @Override
    public SocketChannel bind(@Nullable SocketAddress local) throws IOException {
        synchronized (socket) {
            ensureOpen();
            if (state == PENDING) {
                throw new ConnectionPendingException();
            }
            if (bound) {
                throw new AlreadyBoundException();
            }
            socket.bind((local == null) ? null : Sockaddr.check(local, socket.isInet6()));
            bound = true;
        }
        return this;
    }

    @Override
    public boolean connect(SocketAddress remote) throws IOException {
        InetSocketAddress peer = loopbackForWildcard(Sockaddr.check(remote, socket.isInet6()));
        try {
            synchronized (socket) {
                ensureOpen();
                ensureNonBlocking();
                if (state == CONNECTED) {
                    throw new AlreadyConnectedException();
                }
                if (state == PENDING) {
                    throw new ConnectionPendingException();
                }
                remoteAddress = peer;
                boolean connected = startConnecting(peer);
                bound = true;
                state = connected ? CONNECTED : PENDING;
                return connected;
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private boolean startConnecting(InetSocketAddress peer) throws IOException {
        int fd = socket.acquire();
        try {
            ThreadMemory memory = ThreadMemory.current();
            int length = Sockaddr.write(memory.socketAddress(), peer, socket.isInet6());
            int result = Libc.connect(memory, fd, memory.socketAddressPointer(), length);
            // An interrupted connect goes on by itself, see connect(2).
            if (result < 0 && result != -Errno.EINPROGRESS && result != -Errno.EINTR) {
                throw Errno.socketFailure(-result);
            }
            return result == 0;
        } finally {
            socket.release();
        }
    }

    @Override
    public boolean finishConnect() throws IOException {
        try {
            synchronized (socket) {
                if (state == CONNECTED) {
                    return true;
                }
                ensureOpen();
                if (state != PENDING) {
                    throw new NoConnectionPendingException();
                }
                ensureNonBlocking();
                if (!hasPeer()) {
                    return false;
                }
                state = CONNECTED;
                return true;
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private boolean hasPeer() throws IOException {
        int fd = socket.acquire();
        try {
            int error = SocketOptions.takeError(fd);
            if (error != 0) {
                throw Errno.socketFailure(error);
            }
            ThreadMemory memory = ThreadMemory.current();
            memory.length(Sockaddr.MAX_SIZE);
            int result =
                    Libc.getpeername(
                            memory, fd, memory.socketAddressPointer(), memory.lengthPointer());
            if (result < 0 && result != -Errno.ENOTCONN) {
                throw Errno.socketFailure(-result);
            }
            return result == 0;
        } finally {
            socket.release();
        }
    }

    /**
     * Every address of this machine includes the loopback one, and that is where such a connection
     * goes.
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
        return state == CONNECTED;
    }

    @Override
    public boolean isConnectionPending() {
        return state == PENDING;
    }

    // -- Reading --

    @Override
    public int read(ByteBuffer dst) throws IOException {
        Objects.requireNonNull(dst);
        ensureTransferable();
        ensureWritable(dst);
        if (!dst.isDirect()) {
            ThreadMemory memory = ThreadMemory.current();
            try {
                return (int) receive(memory.single(dst), 0, 1);
            } finally {
                memory.releaseSingle();
            }
        }
        if (reset || inputShutdown) {
            return readAfterEnd();
        }
        int size = dst.remaining();
        if (size == 0) {
            return 0;
        }
        int before = undrained;
        int fd = socket.acquire();
        try {
            int position = dst.position();
            ThreadMemory memory = ThreadMemory.current();
            long address = memory.buffers().addressOfPosition(dst);
            long result;
            do {
                result = Libc.recv(memory, fd, address, size, 0);
            } while (result == -Errno.EINTR);
            if (result > 0) {
                dst.position(position + (int) result);
                return (int) result;
            }
            return readNothing((int) result, before);
        } finally {
            Reference.reachabilityFence(dst);
            socket.release();
        }
    }

    @Override
    public long read(ByteBuffer[] dsts, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, dsts.length);
        ensureTransferable();
        for (int i = offset; i < offset + length; i++) {
            ensureWritable(dsts[i]);
        }
        return receive(dsts, offset, length);
    }

    private long receive(ByteBuffer[] dsts, int offset, int length) throws IOException {
        if (reset || inputShutdown) {
            return readAfterEnd();
        }
        int before = undrained;
        int fd = socket.acquire();
        try {
            ThreadMemory memory = ThreadMemory.current();
            long total = 0;
            while (true) {
                int room = BufferVector.stageForReceive(memory, dsts, offset, length);
                if (room == 0) {
                    return total;
                }
                int result;
                do {
                    result = (int) Libc.recvmsg(memory, fd, memory.messagePointer(), 0);
                } while (result == -Errno.EINTR);
                if (result > 0) {
                    BufferVector.received(memory, dsts, offset, result);
                    total += result;
                }
                if (result < room) {
                    // Bytes come first, what ended them is for the next read.
                    reset |= result == -Errno.ECONNRESET;
                    return (total > 0) ? total : readNothing(result, before);
                }
            }
        } finally {
            Reference.reachabilityFence(dsts);
            socket.release();
        }
    }

    /** The kernel gave no bytes: none are there now, none will ever come, or an error. */
    private int readNothing(int result, int undrainedBefore) throws IOException {
        drained(undrainedBefore);
        if (!isOpen()) {
            throw new AsynchronousCloseException();
        }
        if (result == -Errno.EAGAIN) {
            return inputShutdown ? -1 : 0;
        }
        if (result == 0) {
            return -1;
        }
        if (result == -Errno.ECONNRESET) {
            reset = true;
            throw Errno.connectionReset();
        }
        throw Errno.ioFailure(-result);
    }

    private int readAfterEnd() throws IOException {
        drained(undrained);
        if (reset) {
            throw Errno.connectionReset();
        }
        return -1;
    }

    private static void ensureWritable(ByteBuffer dst) {
        if (dst.isReadOnly()) {
            throw new IllegalArgumentException("Read-only buffer");
        }
    }

    // -- Writing --

    @Override
    public int write(ByteBuffer src) throws IOException {
        Objects.requireNonNull(src);
        ensureTransferable();
        if (!src.isDirect()) {
            ThreadMemory memory = ThreadMemory.current();
            try {
                return (int) send(memory.single(src), 0, 1);
            } finally {
                memory.releaseSingle();
            }
        }
        ensureOutputOpen();
        int size = src.remaining();
        if (size == 0) {
            return 0;
        }
        int fd = socket.acquire();
        try {
            int position = src.position();
            ThreadMemory memory = ThreadMemory.current();
            long address = memory.buffers().addressOfPosition(src);
            long result;
            do {
                result = Libc.send(memory, fd, address, size, Libc.MSG_NOSIGNAL);
            } while (result == -Errno.EINTR);
            if (result > 0) {
                src.position(position + (int) result);
                return (int) result;
            }
            return wroteNothing((int) result);
        } finally {
            Reference.reachabilityFence(src);
            socket.release();
        }
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, srcs.length);
        ensureTransferable();
        return send(srcs, offset, length);
    }

    private long send(ByteBuffer[] srcs, int offset, int length) throws IOException {
        ensureOutputOpen();
        int fd = socket.acquire();
        try {
            ThreadMemory memory = ThreadMemory.current();
            long total = 0;
            while (true) {
                int staged = BufferVector.stageForSend(memory, srcs, offset, length);
                if (staged == 0) {
                    return total;
                }
                int result;
                do {
                    result =
                            (int)
                                    Libc.sendmsg(
                                            memory, fd, memory.messagePointer(), Libc.MSG_NOSIGNAL);
                } while (result == -Errno.EINTR);
                if (result > 0) {
                    BufferVector.sent(memory, srcs, offset, result);
                    total += result;
                }
                if (result < staged) {
                    // What hindered the rest is still there for the next write to run into.
                    return (total > 0) ? total : wroteNothing(result);
                }
            }
        } finally {
            Reference.reachabilityFence(srcs);
            socket.release();
        }
    }

    private int wroteNothing(int result) throws IOException {
        if (!isOpen() || outputShutdown) {
            throw new AsynchronousCloseException();
        }
        if (result == 0 || result == -Errno.EAGAIN) {
            return 0;
        }
        throw Errno.ioFailure(-result);
    }

    private void ensureOutputOpen() throws ClosedChannelException {
        if (outputShutdown) {
            throw new ClosedChannelException();
        }
    }

    // -- Closing --

    @Override
    public SocketChannel shutdownInput() throws IOException {
        synchronized (socket) {
            ensureConnected();
            if (!inputShutdown) {
                socket.shutdown(Libc.SHUT_RD);
                inputShutdown = true;
            }
        }
        return this;
    }

    @Override
    public SocketChannel shutdownOutput() throws IOException {
        synchronized (socket) {
            ensureConnected();
            if (!outputShutdown) {
                socket.shutdown(Libc.SHUT_WR);
                outputShutdown = true;
            }
        }
        return this;
    }

    @Override
    protected void implCloseSelectableChannel() {
        synchronized (socket) {
            state = CLOSED;
        }
        socket.close();
    }

    // -- Readiness --

    @Override
    public int readyOps(int events, int interestOps) {
        if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
            return interestOps;
        }
        int ready = 0;
        if (state == CONNECTED) {
            if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI)) != 0) {
                ready |= SelectionKey.OP_READ;
            }
            if ((events & EPOLLOUT) != 0) {
                ready |= SelectionKey.OP_WRITE;
            }
        } else if (state == PENDING && (events & EPOLLOUT) != 0) {
            ready |= SelectionKey.OP_CONNECT;
        }
        return ready & interestOps;
    }

    /**
     * Notes that there is something to be read behind the bytes that a read may return: an end of
     * stream, an error, an urgent mark. An edge-triggered selector was told of it once and will not
     * be told again, so from now on it reports the channel until a read has returned no bytes.
     *
     * <p>Each note is a new number, by which a read that began before it can tell that its own
     * finding nothing does not answer it.
     */
    void markUndrained() {
        int before = undrained;
        // Selectors of several threads may do so at once: any number will do that is new and not
        // zero.
        while (!UNDRAINED.compareAndSet(this, before, (before == -1) ? 1 : before + 1)) {
            before = undrained;
        }
    }

    boolean isUndrained() {
        return undrained != 0;
    }

    private void drained(int undrainedBefore) {
        if (undrainedBefore != 0) {
            UNDRAINED.compareAndSet(this, undrainedBefore, 0);
        }
    }

    // -- Addresses and options --

    @Override
    public @Nullable SocketAddress getLocalAddress() throws IOException {
        synchronized (socket) {
            ensureOpen();
            return (bound && state != PENDING) ? socket.localAddress() : null;
        }
    }

    @Override
    public @Nullable SocketAddress getRemoteAddress() throws IOException {
        synchronized (socket) {
            ensureOpen();
            return remoteAddress();
        }
    }

    private @Nullable SocketAddress remoteAddress() {
        if (remoteAddress == null && state == CONNECTED) {
            remoteAddress = Sockaddr.of(peerHigh, peerLow, peerScope, peerPort);
        }
        return remoteAddress;
    }

    @Override
    public <T> SocketChannel setOption(SocketOption<T> name, T value) throws IOException {
        SocketOptions.set(socket, supportedOptions(), name, value);
        return this;
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        return SocketOptions.get(socket, supportedOptions(), name);
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return SocketOptions.SOCKET_CHANNEL;
    }

    /** Refused: its streams are blocking. */
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
        if (state != CONNECTED) {
            throw new NotYetConnectedException();
        }
    }

    private void ensureTransferable() throws ClosedChannelException {
        if (state != CONNECTED) {
            ensureConnected();
        }
        ensureNonBlocking();
    }

    @Override
    public TcpSocket tcpSocket() {
        return socket;
    }

    @Override
    public String toString() {
        synchronized (socket) {
            return switch (state) {
                case UNCONNECTED -> "SocketChannel[unconnected]";
                case PENDING -> "SocketChannel[connection-pending remote=" + remoteAddress + "]";
                case CONNECTED -> "SocketChannel[connected remote=" + remoteAddress() + "]";
                default -> "SocketChannel[closed]";
            };
        }
    }
}
