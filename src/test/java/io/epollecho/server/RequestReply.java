package io.epollecho.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Many connections on one thread. Each one sends a request, waits for its echo, checks it and sends
 * the next request. A late echo fails when it arrives; a missing echo fails when the other
 * connections have used up the remaining turns.
 */
final class RequestReply implements AutoCloseable {

    /**
     * The default time limit of a turn: longer than any turn among dozens of connections takes
     * unless an event is lost.
     */
    static final Duration LONGEST = Duration.ofSeconds(1);

    private final Selector selector = Selector.open();
    private final List<Line> lines = new ArrayList<>();
    private final SplittableRandom random = new SplittableRandom(17);
    private final byte[] memory;
    private final Duration limit;
    private long turnsLeft;
    private int busy;
    private long bytes;
    private long longestNanos;

    /**
     * Connects.
     *
     * @param largest the size of the largest request in bytes, which must fit into the socket
     *     buffers
     */
    RequestReply(InetSocketAddress server, int connections, int largest) throws IOException {
        this(server, connections, largest, LONGEST);
    }

    /** Connects over the given transport. */
    RequestReply(Transport transport, InetSocketAddress server, int connections, int largest)
            throws IOException {
        this(transport, server, connections, largest, LONGEST);
    }

    /** Connects with the given time limit for a turn. */
    RequestReply(InetSocketAddress server, int connections, int largest, Duration limit)
            throws IOException {
        this(Transport.PLAIN, server, connections, largest, limit);
    }

    private RequestReply(
            Transport transport,
            InetSocketAddress server,
            int connections,
            int largest,
            Duration limit)
            throws IOException {
        this.limit = limit;
        memory = new byte[largest];
        for (int i = 0; i < connections; i++) {
            lines.add(new Line(i, transport, SourceAddresses.connect(server, 0)));
        }
    }

    /** Runs the given number of turns, distributed over all connections. */
    void run(long turns) throws IOException {
        turnsLeft = turns;
        for (Line line : lines) {
            line.request();
        }
        while (busy > 0) {
            if (selector.select(this::ready, limit.toMillis()) == 0) {
                throw new AssertionError(
                        "%d echoes did not arrive within %s".formatted(busy, limit));
            }
        }
    }

    private void ready(SelectionKey key) {
        try {
            ((Line) key.attachment()).reply();
        } catch (IOException e) {
            throw new AssertionError("Connection failed during a turn: " + e, e);
        }
    }

    /** Returns the duration of the longest turn. */
    Duration longest() {
        return Duration.ofNanos(longestNanos);
    }

    /** Returns the number of bytes received so far. */
    long bytes() {
        return bytes;
    }

    @Override
    public void close() throws IOException {
        for (Line line : lines) {
            line.channel.close();
        }
        selector.close();
    }

    private final class Line {

        private final ByteChannel channel;
        private final Pattern pattern;
        private long sent;
        private long received;
        private long since;

        Line(int number, Transport transport, SocketChannel socket) throws IOException {
            channel = transport.over(socket);
            pattern = new Pattern(number);
            socket.register(selector, SelectionKey.OP_READ, this);
        }

        void request() throws IOException {
            if (turnsLeft == 0) {
                return;
            }
            turnsLeft--;
            busy++;
            since = System.nanoTime();
            int length = 1 + random.nextInt(memory.length);
            if (channel.write(ByteBuffer.wrap(pattern.bytes(sent, length))) != length) {
                throw new IOException("The socket accepted only part of a request");
            }
            sent += length;
        }

        void reply() throws IOException {
            int count = channel.read(ByteBuffer.wrap(memory));
            if (count < 0) {
                throw new IOException("The server ended the stream");
            }
            pattern.check(memory, count, received);
            received += count;
            bytes += count;
            if (received > sent) {
                throw new AssertionError("More bytes came back than were sent");
            }
            if (count > 0 && received == sent) {
                long nanos = System.nanoTime() - since;
                longestNanos = Math.max(longestNanos, nanos);
                if (nanos > limit.toNanos()) {
                    throw new AssertionError("A turn took " + Duration.ofNanos(nanos));
                }
                busy--;
                request();
            }
        }
    }
}
