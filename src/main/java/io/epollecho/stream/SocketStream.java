package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** The plain socket: each method is at most one call on the channel. */
public final class SocketStream implements ByteStream {

    private final SocketChannel channel;

    /**
     * Creates the stream of a socket.
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
     * <p>The JDK's channels return a negative number other than {@link #END} if a signal interrupts
     * the call; that counts as nothing available.
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
     * <p>The buffer tells how much was written, because the channel's result may be negative, see
     * {@link #read}.
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

    /** Returns true: only a FIN can end the direction of a socket. */
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
    public boolean holdsBuffers() {
        return false;
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
