package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A client that follows a random script, one turn at a time, and never blocks. It checks each byte
 * that comes back, that no byte comes back that was not sent, and that the stream ends exactly
 * where it must. The script may stop reading at any time, but until then nothing may fail.
 */
final class RandomPeer implements AutoCloseable {

    private static final int CHUNK = 64 * 1024;
    private static final int[] RECEIVE_BUFFERS = {0, 0, 0, 2_048, 16 * 1024};

    private final boolean urgentFromTheStart;
    private final int receiveBuffer;
    private final List<Step> script;
    private final Pattern pattern;
    private @Nullable SocketChannel channel;
    private int place;
    private int progress;
    private long sent;
    private long received;
    private boolean outputEnded;

    /**
     * Creates a peer with a random script.
     *
     * @param urgentFromTheStart whether urgent bytes may be sent before the server has accepted the
     *     connection; if not, ordinary bytes are sent instead until it has
     */
    RandomPeer(SplittableRandom random, boolean urgentFromTheStart) {
        this.urgentFromTheStart = urgentFromTheStart;
        receiveBuffer = RECEIVE_BUFFERS[random.nextInt(RECEIVE_BUFFERS.length)];
        pattern = new Pattern(random.nextLong());
        script = Step.script(random);
    }

    boolean done() {
        return place == script.size();
    }

    long received() {
        return received;
    }

    /**
     * Takes the next turn of the script.
     *
     * @return false if the peer made no progress and must wait for the socket
     */
    boolean turn(InetSocketAddress server, Selector selector, byte[] memory) throws IOException {
        SocketChannel connected = channel;
        if (connected == null) {
            connected = SourceAddresses.connect(server, receiveBuffer);
            channel = connected;
            connected.configureBlocking(false);
            connected.register(selector, 0, this);
            return true;
        }
        return switch (script.get(place)) {
            case Step.Send(int length, int piece) -> {
                int written = write(connected, Math.min(piece, length - progress));
                progress += written;
                boolean moved = written > 0 || read(connected, memory, CHUNK) > 0;
                yield progress == length ? next() : moved;
            }
            case Step.Push(int length) -> {
                int written = write(connected, Math.min(CHUNK, length - progress));
                progress += written;
                yield (progress < length && written > 0) || next();
            }
            case Step.Urgent() -> {
                boolean allowed = urgentFromTheStart || received > 0;
                boolean gone = allowed ? sendUrgent(connected) : write(connected, 1) == 1;
                yield gone ? next() : read(connected, memory, 1) > 0;
            }
            case Step.Take(int length, int atOnce) -> {
                if (progress >= length || received == sent) {
                    yield next();
                }
                int count = read(connected, memory, atOnce);
                progress += count;
                yield count > 0;
            }
            case Step.CatchUp() -> received == sent ? next() : read(connected, memory, CHUNK) > 0;
            case Step.Pause(int turns) -> ++progress < turns || next();
            case Step.EndOutput() -> {
                connected.shutdownOutput();
                outputEnded = true;
                yield next();
            }
            case Step.TakeToEnd() -> {
                int count = read(connected, memory, CHUNK);
                if (count < 0) {
                    connected.close();
                    yield next();
                }
                yield count > 0;
            }
            case Step.Close() -> {
                connected.close();
                yield next();
            }
            case Step.Reset() -> {
                connected.setOption(StandardSocketOptions.SO_LINGER, 0);
                connected.close();
                yield next();
            }
        };
    }

    private boolean next() {
        place++;
        progress = 0;
        return true;
    }

    private int write(SocketChannel connected, int length) throws IOException {
        int written = connected.write(ByteBuffer.wrap(pattern.bytes(sent, length)));
        sent += written;
        return written;
    }

    private boolean sendUrgent(SocketChannel connected) throws IOException {
        try {
            connected.socket().sendUrgentData(pattern.at(sent));
        } catch (IOException e) {
            if ("Socket buffer full".equals(e.getMessage())) {
                return false;
            }
            throw e;
        }
        sent++;
        return true;
    }

    /** Returns the number of bytes read, or -1 at the end of the stream. */
    private int read(SocketChannel connected, byte[] memory, int atMost) throws IOException {
        int count = connected.read(ByteBuffer.wrap(memory, 0, atMost));
        if (count < 0) {
            assertThat(outputEnded).as("the peer ended its stream before the server did").isTrue();
            assertThat(received).as("bytes that came back, of those sent").isEqualTo(sent);
            return count;
        }
        pattern.check(memory, count, received);
        received += count;
        assertThat(received).as("bytes that came back").isLessThanOrEqualTo(sent);
        return count;
    }

    /** Registers interest in the event that allows the next turn to make progress. */
    void await(Selector selector) {
        SelectionKey key = channel == null ? null : channel.keyFor(selector);
        if (key != null && key.isValid()) {
            Step step = script.get(place);
            boolean sends = step instanceof Step.Send || step instanceof Step.Urgent;
            key.interestOps(
                    sends ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
        }
    }

    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.close();
        }
    }

    @Override
    public String toString() {
        return "sent %d, received %d, at step %d of %s, receive buffer %d"
                .formatted(sent, received, place, script, receiveBuffer);
    }
}
