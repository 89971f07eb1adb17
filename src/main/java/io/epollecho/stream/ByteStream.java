package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/**
 * Both directions of a non-blocking connection: the socket itself, or a layer on top of it.
 *
 * <p>A layer may hold bytes in both directions of which the socket is unaware. The methods {@link
 * #isDrained}, {@link #flush} and {@link #interest} exist for layers; on a plain socket they cost
 * nothing.
 *
 * <p>Must be used by one thread at a time.
 */
public interface ByteStream {

    /** Returned by {@link #read} at the end of the peer's stream. */
    int END = -1;

    /**
     * Continues to open this stream and the streams below it, for example by receiving a header or
     * by a handshake. Call this method again whenever the channel is ready for {@link #interest},
     * until it returns true. Only then may the stream be read and written.
     *
     * @return true once the stream is open
     * @throws IOException if the stream cannot be opened
     */
    boolean open() throws IOException;

    /**
     * Returns the computation that {@link #open} is waiting for. It takes long enough that it
     * should run on another thread. While it runs, only {@link #release}, {@link #channel} and
     * {@code toString} may be called. Afterwards, call {@link #open} again.
     *
     * @return the computation, or null if there is none
     */
    @Nullable Runnable work();

    /**
     * Reads the available bytes into the remaining room of the target.
     *
     * @param target receives the bytes; must have room for at least one
     * @return the number of bytes, 0 if none are available now, or {@link #END}
     * @throws IOException if the connection is broken
     */
    int read(ByteBuffer target) throws IOException;

    /**
     * Returns whether this layer holds no bytes to read. Before the stream is open, the same
     * applies to {@link #open} as to {@link #read}. If the layer holds none, a {@link #read} that
     * did not fill its target has drained the stream, and another read is pointless until the
     * selector reports the channel again. This also applies to edge-triggered selectors, which must
     * report a key until the end of its stream has been read.
     *
     * <p>The same applies between layers: after a read from the stream below that filled its
     * buffer, a layer must either read again or return false here.
     *
     * @return true if only the socket may have bytes to read
     */
    boolean isDrained();

    /**
     * Writes as many bytes as can be accepted immediately.
     *
     * @param source the bytes; those not accepted remain in the buffer
     * @return the number of bytes accepted
     * @throws IOException if the connection is broken
     */
    int write(ByteBuffer source) throws IOException;

    /**
     * Sends the bytes that were accepted by {@link #write} and are still held by this layer or a
     * layer below.
     *
     * @return false if some bytes are still held; call again when the channel is writable
     * @throws IOException if the connection is broken
     */
    boolean flush() throws IOException;

    /**
     * Ends the outgoing direction of this layer and of the layers below, without a FIN: a TLS layer
     * sends its close_notify after everything written so far. The peer's direction stays open.
     * Nothing may be written afterwards. If not everything can be sent immediately, {@link #flush}
     * sends the rest; this method may also be called again.
     *
     * @return true once the end has been sent, or if there is no end to send
     * @throws IOException if the connection is broken
     */
    boolean endOutput() throws IOException;

    /**
     * Ends the outgoing direction after everything written so far: does what {@link #endOutput}
     * does, then sends a FIN; see shutdown(2). The peer's direction stays open. {@link #flush}
     * returns false until both have been sent.
     *
     * @throws IOException if the connection is broken
     */
    void shutdownOutput() throws IOException;

    /**
     * Returns the operations to select for in order to read or write this stream. A layer may have
     * to write in order to read, or read in order to write.
     *
     * @param wanted the operation wanted on this stream: {@link SelectionKey#OP_READ} or {@link
     *     SelectionKey#OP_WRITE}
     * @return the interest to set on the channel's key
     */
    int interest(int wanted);

    /**
     * Returns how many of the bytes accepted by {@link #write} the layers still hold. The number
     * decreases whenever the socket accepts bytes, which shows that the peer is reading.
     *
     * @return the number of bytes; 0 once {@link #flush} returns true
     */
    int unsentBytes();

    /**
     * Returns all borrowed buffers to their pool. Does not close or change the channel. The stream
     * cannot be used afterwards. May be called while {@link #work} runs, and more than once.
     */
    void release();

    /**
     * Returns the socket channel below all layers.
     *
     * @return the channel to register, configure and close
     */
    SocketChannel channel();
}
