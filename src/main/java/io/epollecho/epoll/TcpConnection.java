package io.epollecho.epoll;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;

/**
 * The socket of one connection, and the two streams of bytes on it: how buffers of every kind are
 * transferred, and how each stream ends.
 *
 * <p>Reading and writing take no lock: the kernel orders concurrent calls.
 */
final class TcpConnection extends TcpSocket {

    private static final VarHandle NOTES;

    static {
        try {
            NOTES = MethodHandles.lookup().findVarHandle(TcpConnection.class, "notes", short.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    // The peer of an accepted connection, as numbers: most are never asked for it, and the kernel
    // does not know it any more once the connection was reset.
    private final long peerHigh;
    private final long peerLow;
    private final int peerScope;
    private final char peerPort;

    private volatile boolean inputShutdown;
    private volatile boolean outputShutdown;

    /**
     * The kernel reports an error once, perhaps to a call that has bytes to return first: the error
     * number for the next read or write to throw, or zero. A reset stays, for all later reads.
     */
    private volatile short readError;

    private volatile short writeError;

    /** A write has taken the reset, so the kernel lets reads end as if the peer had closed. */
    private volatile boolean resetTakenByWrite;

    // See noteMoreBehind(): the number of notes, and that of the last one which a read has
    // answered.
    // Short, as the error numbers are, because there are as many of them as connections.
    private volatile short notes;
    private volatile short answered;

    /** Opens a socket that is to be connected; see {@link TcpSocket#TcpSocket(ProtocolFamily)}. */
    TcpConnection(@Nullable ProtocolFamily family) throws IOException {
        super(family);
        this.peerHigh = 0;
        this.peerLow = 0;
        this.peerScope = 0;
        this.peerPort = 0;
    }

    /** Takes ownership of the descriptor of an accepted connection. */
    TcpConnection(int fd, boolean inet6, MemorySegment peer) {
        super(fd, inet6);
        this.peerHigh = Sockaddr.high(peer);
        this.peerLow = Sockaddr.low(peer);
        this.peerScope = Sockaddr.scope(peer);
        this.peerPort = Sockaddr.port(peer);
    }

    /** Returns the address of an accepted connection's peer. */
    InetSocketAddress acceptedFrom() {
        return Sockaddr.of(peerHigh, peerLow, peerScope, peerPort);
    }

    // -- Reading --

    int read(ByteBuffer target) throws IOException {
        if (!target.isDirect()) {
            ThreadMemory memory = ThreadMemory.current();
            memory.bufferVector().begin(target);
            return (int) readVector(memory);
        }
        if (readError != 0 || inputShutdown) {
            return readAfterEnd();
        }
        int size = target.remaining();
        if (size == 0) {
            return 0;
        }
        short noted = notes;
        acquire();
        try {
            ThreadMemory memory = ThreadMemory.current();
            int position = target.position();
            int result = receive(memory, memory.buffers().address(target, position), size);
            if (result > 0) {
                target.position(position + result);
                return result;
            }
            return readNothing(result, noted);
        } finally {
            Reference.reachabilityFence(target);
            release();
        }
    }

    long read(ByteBuffer[] targets, int offset, int length) throws IOException {
        ThreadMemory memory = ThreadMemory.current();
        memory.bufferVector().begin(targets, offset, length);
        return readVector(memory);
    }

    private long readVector(ThreadMemory memory) throws IOException {
        BufferVector vector = memory.bufferVector();
        try {
            if (readError != 0 || inputShutdown) {
                return readAfterEnd();
            }
            short noted = notes;
            acquire();
            try {
                long total = 0;
                while (true) {
                    int room = vector.stageForReceive();
                    if (room == 0) {
                        return total;
                    }
                    int result = receiveStaged(memory);
                    if (result > 0) {
                        vector.received(result);
                        total += result;
                    } else if (total == 0) {
                        return readNothing(result, noted);
                    } else if (isError(result)) {
                        readError = (short) -result;
                    }
                    if (result < room) {
                        return total;
                    }
                }
            } finally {
                release();
            }
        } finally {
            vector.end();
        }
    }

    /** The kernel gave no bytes: none are there now, none will ever come, or an error. */
    private int readNothing(int result, short noted) throws IOException {
        answered = noted;
        if (isClosing()) {
            throw new AsynchronousCloseException();
        }
        if (result == -Errno.EAGAIN) {
            return inputShutdown ? -1 : 0;
        }
        if (result < 0) {
            throw readFailure(-result);
        }
        if (resetTakenByWrite) {
            throw readFailure(Errno.ECONNRESET);
        }
        return -1;
    }

    private int readAfterEnd() throws IOException {
        answered = notes;
        int error = readError;
        if (error != 0) {
            readError = 0;
            throw readFailure(error);
        }
        return -1;
    }

    private IOException readFailure(int error) {
        if (error == Errno.ECONNRESET) {
            readError = (short) error;
            return Errno.connectionReset();
        }
        return Errno.ioFailure(error);
    }

    /** Ends reading: what has not been read is discarded. */
    void shutdownInput() throws IOException {
        if (!inputShutdown) {
            shutdownReceiving();
            inputShutdown = true;
        }
    }

    /**
     * Notes that something may be behind the bytes that a read returns: an end of stream, an error,
     * an urgent mark. By any thread.
     */
    void noteMoreBehind() {
        NOTES.getAndAdd(this, (short) 1);
    }

    /**
     * Returns whether there is a note that no read has answered. The answer is a read that began
     * after the note and returned no bytes; one that began before it may have looked too early.
     */
    boolean mayHaveMoreBehind() {
        return notes != answered;
    }

    // -- Writing --

    int write(ByteBuffer source) throws IOException {
        if (!source.isDirect()) {
            ThreadMemory memory = ThreadMemory.current();
            memory.bufferVector().begin(source);
            return (int) writeVector(memory);
        }
        ensureWritable();
        int size = source.remaining();
        if (size == 0) {
            return 0;
        }
        acquire();
        try {
            ThreadMemory memory = ThreadMemory.current();
            int position = source.position();
            int result = send(memory, memory.buffers().address(source, position), size);
            if (result > 0) {
                source.position(position + result);
                return result;
            }
            return wroteNothing(result);
        } finally {
            Reference.reachabilityFence(source);
            release();
        }
    }

    long write(ByteBuffer[] sources, int offset, int length) throws IOException {
        ThreadMemory memory = ThreadMemory.current();
        memory.bufferVector().begin(sources, offset, length);
        return writeVector(memory);
    }

    private long writeVector(ThreadMemory memory) throws IOException {
        BufferVector vector = memory.bufferVector();
        try {
            ensureWritable();
            acquire();
            try {
                long total = 0;
                while (true) {
                    int staged = vector.stageForSend();
                    if (staged == 0) {
                        return total;
                    }
                    int result = sendStaged(memory);
                    if (result > 0) {
                        vector.sent(result);
                        total += result;
                    } else if (total == 0) {
                        return wroteNothing(result);
                    } else if (isError(result)) {
                        resetTakenByWrite |= result == -Errno.ECONNRESET;
                        writeError = (short) -result;
                    }
                    if (result < staged) {
                        return total;
                    }
                }
            } finally {
                release();
            }
        } finally {
            vector.end();
        }
    }

    private int wroteNothing(int result) throws IOException {
        if (isClosing() || outputShutdown) {
            throw new AsynchronousCloseException();
        }
        if (!isError(result)) {
            return 0;
        }
        resetTakenByWrite |= result == -Errno.ECONNRESET;
        throw Errno.ioFailure(-result);
    }

    private void ensureWritable() throws IOException {
        if (outputShutdown) {
            throw new AsynchronousCloseException(); // as the JDK's channels do
        }
        int error = writeError;
        if (error != 0) {
            writeError = 0;
            throw Errno.ioFailure(error);
        }
    }

    /** Ends writing: the peer reads the end of the stream after all that was written. */
    void shutdownOutput() throws IOException {
        if (!outputShutdown) {
            shutdownSending();
            outputShutdown = true;
        }
    }

    private static boolean isError(int result) {
        return result < 0 && result != -Errno.EAGAIN;
    }
}
