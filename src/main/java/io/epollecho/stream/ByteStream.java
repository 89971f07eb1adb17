package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/**
 * The two directions of a non-blocking connection: the socket itself, or a layer on top of one.
 *
 * <p>A layer may hold bytes in both directions that the socket knows nothing of. The methods {@link
 * #isDrained}, {@link #flush} and {@link #interest} exist for layers; on a plain socket they cost
 * nothing.
 *
 * <p>For one thread at a time.
 */
public interface ByteStream {

    /** Returned by {@link #read} at the end of the peer's stream. */
    int END = -1;

    /**
     * Advances the opening of the stream and of those below: a header to receive, a handshake. To
     * be called again whenever the channel is ready for {@link #interest}, until it returns true;
     * only then may the stream be read and written.
     *
     * @return true once bytes can flow
     * @throws IOException if the stream cannot be opened
     */
    boolean open() throws IOException;

    /**
     * Returns the computation that {@link #open} waits for. It takes long enough to be run on
     * another thread. While it runs, only {@link #release}, {@link #holdsBuffers}, {@link #channel}
     * and {@code toString} may be called; afterwards call {@link #open} again.
     *
     * @return the computation, or null if there is none
     */
    @Nullable Runnable work();

    /**
     * Reads what is available, as far as it fits.
     *
     * @param target receives the bytes; has room for at least one
     * @return the number of bytes, 0 if none are available now, or {@link #END}
     * @throws IOException if the connection is broken
     */
    int read(ByteBuffer target) throws IOException;

    /**
     * Returns whether the layer holds no bytes to read. If so, a {@link #read} that did not fill
     * its target has drained the stream, and a further one is pointless until the selector reports
     * the channel again. This holds for edge-triggered selectors as well, which must report a key
     * until the end of its stream has been read.
     *
     * <p>The same holds between layers: one that reads from the stream below either reads again
     * after a read that filled its buffer, or returns false here.
     *
     * @return true if only the socket may have bytes to read
     */
    boolean isDrained();

    /**
     * Writes as much as is accepted now.
     *
     * @param source the bytes; those not accepted remain
     * @return the number of bytes accepted
     * @throws IOException if the connection is broken
     */
    int write(ByteBuffer source) throws IOException;

    /**
     * Sends what the layer itself still holds of the bytes accepted by {@link #write}.
     *
     * @return false if it still holds some; try again when the channel is writable
     * @throws IOException if the connection is broken
     */
    boolean flush() throws IOException;

    /**
     * Ends the outgoing direction of the layer, and of those below, without a FIN: a TLS layer
     * sends its close_notify after everything written so far. The peer's direction stays open.
     * Nothing may be written afterwards. {@link #flush} continues what was not sent at once; the
     * call may also be repeated.
     *
     * @return true once the end is sent, or if there is none to send
     * @throws IOException if the connection is broken
     */
    boolean endOutput() throws IOException;

    /**
     * Ends the outgoing direction after everything written so far: does what {@link #endOutput}
     * does, then sends a FIN, see shutdown(2). The peer's direction stays open. {@link #flush}
     * returns false until both are sent.
     *
     * @throws IOException if the connection is broken
     */
    void shutdownOutput() throws IOException;

    /**
     * Returns the operations to select for, so that the wanted ones become possible.
     *
     * @param wanted {@link SelectionKey#OP_READ} or {@link SelectionKey#OP_WRITE}
     * @return the interest to set on the channel's key
     */
    int interest(int wanted);

    /**
     * Returns how many of the bytes accepted by {@link #write} the layers still hold. It decreases
     * whenever the socket takes some, and so shows that the peer takes some.
     *
     * @return their number; 0 once {@link #flush} returns true
     */
    int unsentBytes();

    /**
     * Returns whether the layer or one below holds borrowed buffers now. May be called while {@link
     * #work} runs.
     *
     * @return true if {@link #release} gives any back
     */
    boolean holdsBuffers();

    /**
     * Gives all borrowed buffers back and leaves the channel as it is. The stream cannot be used
     * afterwards. May be called while {@link #work} runs, and more than once.
     */
    void release();

    /**
     * Returns the socket at the bottom.
     *
     * @return the channel to register, configure and close
     */
    SocketChannel channel();
}
