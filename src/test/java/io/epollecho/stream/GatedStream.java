package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** A socket whose outgoing bytes a test can block, or collect in order to send them all at once. */
final class GatedStream implements ByteStream {

    /** The treatment of bytes that are written. */
    enum Gate {
        OPEN,
        SHUT,
        COLLECTING
    }

    private final ByteStream below;
    private final ByteArrayOutputStream collected = new ByteArrayOutputStream();
    private Gate gate = Gate.OPEN;

    GatedStream(ByteStream below) {
        this.below = below;
    }

    /** Sets the gate. Opening it sends the collected bytes. */
    void set(Gate gate) throws IOException {
        this.gate = gate;
        if (gate == Gate.OPEN) {
            ByteBuffer bytes = ByteBuffer.wrap(collected.toByteArray());
            collected.reset();
            while (bytes.hasRemaining()) {
                below.write(bytes);
            }
        }
    }

    /** Returns the number of bytes that wait for the gate to open. */
    int collected() {
        return collected.size();
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        return switch (gate) {
            case OPEN -> below.write(source);
            case COLLECTING -> {
                byte[] bytes = new byte[source.remaining()];
                source.get(bytes);
                collected.writeBytes(bytes);
                yield bytes.length;
            }
            case SHUT -> 0;
        };
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
    public boolean open() throws IOException {
        return below.open();
    }

    @Override
    public @Nullable Runnable work() {
        return below.work();
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
        set(Gate.OPEN);
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
