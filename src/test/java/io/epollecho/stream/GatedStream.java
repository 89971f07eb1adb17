package io.epollecho.stream;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A socket whose outgoing bytes a test can block, or collect in order to send them all at once. */
final class GatedStream extends ForwardingStream {

    /** The treatment of bytes that are written. */
    enum Gate {
        OPEN,
        SHUT,
        COLLECTING
    }

    private final ByteArrayOutputStream collected = new ByteArrayOutputStream();
    private Gate gate = Gate.OPEN;

    GatedStream(ByteStream below) {
        super(below);
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
    public void shutdownOutput() throws IOException {
        set(Gate.OPEN);
        below.shutdownOutput();
    }
}
