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
 * #isDrained}, {@link #flush} and {@link #interest} exist for its sake; on a plain socket they cost
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
     * another thread. While it runs, no method of the stream may be called; afterwards call {@link
     * #open} again.
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
     * Returns whether the last {@link #read} left nothing behind, neither in the socket nor in the
     * layer. If so, a further read is pointless until the selector reports the channel again.
     *
     * @return true if nothing readable is left
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
     * Ends the outgoing direction after everything written so far: sends a FIN, see shutdown(2).
     * The peer's direction stays open.
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
     * Returns the socket at the bottom.
     *
     * @return the channel to register, configure and close
     */
    SocketChannel channel();
}
