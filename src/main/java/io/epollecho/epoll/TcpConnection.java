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
 * The socket of one connection and its two byte streams. This class transfers buffers of every kind
 * and handles the end of each stream.
 *
 * <p>Reading and writing need no lock, because the kernel orders concurrent calls.
 */
final class TcpConnection extends TcpSocket {

    private static final VarHandle NOTES;
    private static final VarHandle READ_ERROR;
    private static final VarHandle WRITE_ERROR;

    static {
        try {
            var lookup = MethodHandles.lookup();
            NOTES = lookup.findVarHandle(TcpConnection.class, "notes", short.class);
            READ_ERROR = lookup.findVarHandle(TcpConnection.class, "readError", short.class);
            WRITE_ERROR = lookup.findVarHandle(TcpConnection.class, "writeError", short.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    // The peer address of an accepted connection, as numbers because it is rarely requested. It is
    // stored because the kernel forgets it when the connection is reset.
    private final long peerHigh;
    private final long peerLow;
    private final int peerScope;
    private final char peerPort;

    private volatile boolean inputShutdown;
    private volatile boolean outputShutdown;

    /**
     * The error number that the next read must throw, or zero. The kernel reports an error only
     * once, possibly to a call that must first return bytes. A reset is kept for all later reads.
     */
    private volatile short readError;

    /** The error number that the next write must throw, or zero. */
    private volatile short writeError;

    /**
     * True if the kernel reported a reset to a write. It then reports an end of stream to reads.
     */
    private volatile boolean resetTakenByWrite;

    // Events noted, and how many of them a read has covered; see noteMoreBehind(). These and the
    // error numbers are shorts to save memory in each connection.
    private volatile short notes;
    private volatile short answered;

    /** Opens an unconnected socket; see {@link TcpSocket#TcpSocket(ProtocolFamily)}. */
    TcpConnection(@Nullable ProtocolFamily family) throws IOException {
        super(family);
        this.peerHigh = 0;
        this.peerLow = 0;
        this.peerScope = 0;
        this.peerPort = 0;
    }

    /** Takes the connection that was accepted into the memory. */
    TcpConnection(ThreadMemory memory, boolean inet6) {
        MemorySegment peer = memory.socketAddress();
        this.peerHigh = Sockaddr.high(peer);
        this.peerLow = Sockaddr.low(peer);
        this.peerScope = Sockaddr.scope(peer);
        this.peerPort = Sockaddr.port(peer);
        super(memory.takeAccepted(), inet6); // last: from here on, nothing may fail
    }

    /** Returns the peer address of an accepted connection. */
    InetSocketAddress acceptedFrom() {
        return Sockaddr.of(peerHigh, peerLow, peerScope, peerPort);
    }

    // -- Reading --

    int read(ByteBuffer target) throws IOException {
        if (!target.isDirect()) {
            try (ThreadMemory memory = ThreadMemory.borrow()) {
                memory.bufferVector().begin(target);
                return (int) readVector(memory);
            }
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
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            int position = target.position();
            int result = receive(memory, memory.buffers().address(target, position), size);
            if (result > 0) {
                target.position(position + result);
                return result;
            }
            return readNothing(result, noted);
        } finally {
            release();
            Reference.reachabilityFence(target);
        }
    }

    long read(ByteBuffer[] targets, int offset, int length) throws IOException {
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            memory.bufferVector().begin(targets, offset, length);
            return readVector(memory);
        }
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

    /**
     * Handles a read without bytes: none are available now, the stream has ended, or an error
     * occurred.
     */
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
        int error = (short) READ_ERROR.getAndSet(this, (short) 0);
        if (error != 0) {
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

    /** Ends reading and discards unread bytes. */
    void shutdownInput() throws IOException {
        if (!inputShutdown) {
            shutdownReceiving();
            inputShutdown = true;
        }
    }

    /**
     * Notes that an end of stream, an error or an urgent mark may follow the bytes that a read
     * returns. May be called by any thread.
     */
    void noteMoreBehind() {
        short before;
        do {
            before = notes;
        } while (!NOTES.compareAndSet(this, before, noteAfter(before, answered)));
    }

    /**
     * Returns the number of the next note: any number except that of the last answered one, which
     * would mean that there is nothing more, and those of the latest notes, which a read in
     * progress may be about to answer.
     */
    static short noteAfter(short last, short answered) {
        short next = (short) (last + 1);
        return (next == answered) ? (short) (next + Short.MIN_VALUE) : next;
    }

    /**
     * Returns whether there is a note that no read has answered. A read answers a note if it
     * started after the note and returned no bytes; a read that started earlier may have missed the
     * event.
     */
    boolean mayHaveMoreBehind() {
        return notes != answered;
    }

    // -- Writing --

    int write(ByteBuffer source) throws IOException {
        if (!source.isDirect()) {
            try (ThreadMemory memory = ThreadMemory.borrow()) {
                memory.bufferVector().begin(source);
                return (int) writeVector(memory);
            }
        }
        ensureWritable();
        int size = source.remaining();
        if (size == 0) {
            return 0;
        }
        acquire();
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            int position = source.position();
            int result = send(memory, memory.buffers().address(source, position), size);
            if (result > 0) {
                source.position(position + result);
                return result;
            }
            return wroteNothing(result);
        } finally {
            release();
            Reference.reachabilityFence(source);
        }
    }

    long write(ByteBuffer[] sources, int offset, int length) throws IOException {
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            memory.bufferVector().begin(sources, offset, length);
            return writeVector(memory);
        }
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
                        noteIfReset(result);
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
        noteIfReset(result);
        throw Errno.ioFailure(-result);
    }

    private void noteIfReset(int result) {
        if (result == -Errno.ECONNRESET) {
            resetTakenByWrite = true;
        }
    }

    private void ensureWritable() throws IOException {
        if (outputShutdown) {
            throw new AsynchronousCloseException(); // like the JDK's channels
        }
        if (writeError != 0) {
            int error = (short) WRITE_ERROR.getAndSet(this, (short) 0);
            if (error != 0) {
                throw Errno.ioFailure(error);
            }
        }
    }

    /** Ends writing. The peer reads the end of the stream after everything that was written. */
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
