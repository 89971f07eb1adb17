package io.epollecho.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.concurrent.CompletableFuture;

/**
 * Uses a stream in the same way as a connection on an event loop: waits only for a selector, runs
 * the work on another thread, and reads again what the selector does not report. It does not read a
 * drained stream before the selector reports it, and it sets an interest only if it changes. A test
 * therefore fails if the stream misses an edge.
 */
final class StreamOwner implements Closeable {

    /** A timeout in milliseconds that no machine reaches. */
    private static final long LONG = 20_000;

    /** More than the number of bytes in any record, as they may arrive one by one. */
    private static final int FRUITLESS_LIMIT = 100_000;

    final ByteStream stream;
    private final Selector selector;
    private final SelectionKey key;
    private int fruitless;

    /** True if only the selector can report more bytes to read. */
    private boolean dry;

    /** The number of times that work ran on another thread. */
    int works;

    StreamOwner(ByteStream stream) throws IOException {
        this.stream = stream;
        this.selector = stream.channel().provider().openSelector();
        stream.channel().configureBlocking(false);
        this.key = stream.channel().register(selector, stream.interest(SelectionKey.OP_READ));
    }

    /** Waits for the first bytes of the peer, as a connection does before it opens its stream. */
    StreamOwner awaitPeer() throws IOException {
        await(SelectionKey.OP_READ);
        return this;
    }

    StreamOwner open() throws IOException {
        while (!stream.open()) {
            Runnable work = stream.work();
            if (work != null) {
                assertThat(stream.interest(SelectionKey.OP_READ)).isZero();
                CompletableFuture.runAsync(work).join();
                works++;
            } else if (stream.isDrained()) {
                await(stream.interest(SelectionKey.OP_READ));
            }
        }
        assertThat(stream.work()).isNull();
        dry = stream.isDrained();
        return this;
    }

    /**
     * Returns the failure of the handshake, after the stream has sent everything, such as its
     * alert.
     */
    TlsHandshakeException openFails() throws IOException {
        try {
            open();
        } catch (TlsHandshakeException e) {
            flush();
            stream.channel().shutdownOutput();
            return e;
        }
        throw new AssertionError("opened");
    }

    /** Waits for at least one byte or the end of the stream. */
    int read(ByteBuffer target) throws IOException {
        while (true) {
            if (dry) {
                boolean flushed = stream.flush();
                int interest = stream.interest(SelectionKey.OP_READ);
                await(flushed ? interest : interest | SelectionKey.OP_WRITE);
                dry = false;
            }
            int count = stream.read(target);
            stream.flush();
            dry = count != ByteStream.END && target.hasRemaining() && stream.isDrained();
            if (count != 0) {
                fruitless = 0;
                return count;
            }
            countFruitless();
        }
    }

    byte[] readToEnd() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
        while (read(buffer.clear()) != ByteStream.END) {
            all.write(buffer.array(), 0, buffer.position());
        }
        return all.toByteArray();
    }

    void write(ByteBuffer source) throws IOException {
        while (true) {
            if (stream.write(source) > 0) {
                fruitless = 0;
            }
            if (stream.flush() && !source.hasRemaining()) {
                return;
            }
            await(stream.interest(SelectionKey.OP_WRITE));
            countFruitless();
        }
    }

    void write(byte... bytes) throws IOException {
        write(ByteBuffer.wrap(bytes));
    }

    void flush() throws IOException {
        while (!stream.flush()) {
            await(stream.interest(SelectionKey.OP_WRITE));
            countFruitless();
        }
    }

    void shutdownOutput() throws IOException {
        stream.shutdownOutput();
        flush();
    }

    /** Echoes until the peer ends its stream, then ends this side's stream. */
    void echo() throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(64 * 1024);
        while (read(buffer.clear()) != ByteStream.END) {
            write(buffer.flip());
        }
        shutdownOutput();
    }

    /** Writes the data and ends this side's stream while reading the peer's stream to its end. */
    byte[] exchange(byte[] data) throws IOException {
        ByteBuffer source = ByteBuffer.wrap(data);
        ByteBuffer target = ByteBuffer.allocate(64 * 1024);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        boolean shut = false;
        while (true) {
            int written = source.hasRemaining() ? stream.write(source) : 0;
            boolean flushed = stream.flush();
            if (flushed && !source.hasRemaining() && !shut) {
                shut = true;
                stream.shutdownOutput();
                flushed = stream.flush();
            }
            int count = stream.read(target.clear());
            if (count == ByteStream.END) {
                assertThat(shut).isTrue();
                flush();
                return all.toByteArray();
            }
            all.write(target.array(), 0, target.position());
            if (written == 0 && count == 0) {
                if (stream.isDrained()) {
                    boolean writes = !flushed || source.hasRemaining();
                    await(
                            stream.interest(SelectionKey.OP_READ)
                                    | (writes ? SelectionKey.OP_WRITE : 0));
                }
                countFruitless();
            } else {
                fruitless = 0;
            }
        }
    }

    private void countFruitless() {
        assertThat(fruitless++).as("turns without progress").isLessThan(FRUITLESS_LIMIT);
    }

    private void await(int interest) throws IOException {
        assertThat(interest).as("interest").isNotZero();
        if (key.interestOps() != interest) {
            key.interestOps(interest);
        }
        if (selector.select(LONG) == 0) {
            throw new AssertionError("Nothing happened within " + LONG + " ms: " + interest);
        }
        selector.selectedKeys().clear();
    }

    @Override
    public void close() throws IOException {
        selector.close();
        stream.channel().close();
    }
}
