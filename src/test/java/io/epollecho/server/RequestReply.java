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
 * Many connections on one thread, each of which sends a request, waits for its echo, checks it and
 * sends the next one. A turn that is late fails when it comes; one that never comes fails when the
 * other connections have taken all the turns that are left.
 */
final class RequestReply implements AutoCloseable {

    /** More than a turn takes among some dozens of connections, unless it is lost. */
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
     * @param largest of the requests, in bytes: no more than fits in the socket's buffers
     */
    RequestReply(InetSocketAddress server, int connections, int largest) throws IOException {
        this(server, connections, largest, LONGEST);
    }

    /** Connects over this transport. */
    RequestReply(Transport transport, InetSocketAddress server, int connections, int largest)
            throws IOException {
        this(transport, server, connections, largest, LONGEST);
    }

    /** Connects, and lets a turn take so long. */
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

    /** Takes so many turns, spread over all connections. */
    void run(long turns) throws IOException {
        turnsLeft = turns;
        for (Line line : lines) {
            line.request();
        }
        while (busy > 0) {
            if (selector.select(this::ready, limit.toMillis()) == 0) {
                throw new AssertionError(
                        "%d turns have not come back within %s".formatted(busy, limit));
            }
        }
    }

    private void ready(SelectionKey key) {
        try {
            ((Line) key.attachment()).reply();
        } catch (IOException e) {
            throw new AssertionError("In the middle of a turn: " + e, e);
        }
    }

    /** The time that the longest turn took. */
    Duration longest() {
        return Duration.ofNanos(longestNanos);
    }

    /** What came back so far. */
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
                throw new IOException("The socket takes less than one request");
            }
            sent += length;
        }

        void reply() throws IOException {
            int count = channel.read(ByteBuffer.wrap(memory));
            if (count < 0) {
                throw new IOException("The end of the stream");
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
