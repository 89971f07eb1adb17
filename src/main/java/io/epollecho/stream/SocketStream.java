package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** A plain socket. Each method makes at most one call on the channel. */
public final class SocketStream implements ByteStream {

    private final SocketChannel channel;

    /**
     * Creates a stream on a socket.
     *
     * @param channel a connected channel in non-blocking mode
     */
    public SocketStream(SocketChannel channel) {
        this.channel = channel;
    }

    @Override
    public boolean open() {
        return true;
    }

    @Override
    public @Nullable Runnable work() {
        return null;
    }

    /**
     * {@inheritDoc}
     *
     * <p>If a signal interrupts the call, the JDK's channels return a negative number other than
     * {@link #END}. This method then returns 0.
     */
    @Override
    public int read(ByteBuffer target) throws IOException {
        int count = channel.read(target);
        return count < END ? 0 : count;
    }

    @Override
    public boolean isDrained() {
        return true;
    }

    /**
     * {@inheritDoc}
     *
     * <p>The number of bytes written is taken from the buffer, because the channel's result may be
     * negative; see {@link #read}.
     */
    @Override
    public int write(ByteBuffer source) throws IOException {
        int before = source.remaining();
        channel.write(source);
        return before - source.remaining();
    }

    @Override
    public boolean flush() {
        return true;
    }

    /** Returns true, because only a FIN can end the outgoing direction of a socket. */
    @Override
    public boolean endOutput() {
        return true;
    }

    @Override
    public void shutdownOutput() throws IOException {
        channel.shutdownOutput();
    }

    @Override
    public int interest(int wanted) {
        return wanted;
    }

    @Override
    public int unsentBytes() {
        return 0;
    }

    @Override
    public void release() {}

    @Override
    public SocketChannel channel() {
        return channel;
    }

    @Override
    public String toString() {
        return channel.toString();
    }
}
