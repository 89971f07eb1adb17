package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** A stream that forwards all calls to the stream below. Subclasses change some of them. */
class ForwardingStream implements ByteStream {

    protected final ByteStream below;

    ForwardingStream(ByteStream below) {
        this.below = below;
    }

    @Override
    public boolean open() throws IOException {
        return below.open();
    }

    @Override
    public @Nullable Runnable work() {
        return below.work();
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        return below.read(target);
    }

    @Override
    public boolean isDrained() {
        return below.isDrained();
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        return below.write(source);
    }

    @Override
    public boolean flush() throws IOException {
        return below.flush();
    }

    @Override
    public boolean endOutput() throws IOException {
        return below.endOutput();
    }

    @Override
    public void shutdownOutput() throws IOException {
        below.shutdownOutput();
    }

    @Override
    public int interest(int wanted) {
        return below.interest(wanted);
    }

    @Override
    public int unsentBytes() {
        return below.unsentBytes();
    }

    @Override
    public void release() {
        below.release();
    }

    @Override
    public SocketChannel channel() {
        return below.channel();
    }
}
