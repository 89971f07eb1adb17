package io.epollecho.stream;

import static io.epollecho.stream.Certificates.clientEngine;
import static io.epollecho.stream.Certificates.context;
import static io.epollecho.stream.Certificates.serverEngine;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Build;
import io.epollecho.stream.SteppedStream.Steps;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;

/**
 * Tests of a network that alters bytes before, during and after the handshake. In every case, both
 * sides must end, either with data that is correct as far as it was received or with an exception
 * that states the reason, and must return their buffers. The seed repeats a case.
 */
@Timeout(300)
@Tag("slow")
class TlsFuzzTest {

    private static final SSLContext SERVER = context(Certificates.SERVER);
    private static final SSLContext CLIENT = context(Certificates.CLIENT);

    /** A number of turns that no case reaches. */
    private static final int TURNS = 200_000;

    /** The number of turns without progress after which the connection is cut. */
    private static final int QUIET_TURNS = 100;

    private enum Mutation {
        NONE,
        FLIP,
        INSERT,
        DROP,
        REPEAT,
        CUT,
        REPLACE
    }

    private enum Outcome {
        END,
        HANDSHAKE,
        TRUNCATED,
        SSL,
        SOCKET
    }

    private final Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void alteredBytesLeadToAnExpectedOutcome(int part) throws IOException {
        for (int i = 0; i < (Build.isThorough() ? 750 : 200); i++) {
            long seed = part * 1_000_000L + i;
            try {
                run(new Random(seed));
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        // All kinds of failures must occur, and some mutations must do no harm.
        assertThat(outcomes).containsKeys(Outcome.END, Outcome.HANDSHAKE);
        assertThat(outcomes).containsKeys(Outcome.TRUNCATED, Outcome.SSL);
    }

    private void run(Random random) throws IOException {
        String protocol = random.nextBoolean() ? "TLSv1.3" : "TLSv1.2";
        Steps steps = random.nextInt(4) == 0 ? Steps.FEW : Steps.WHOLE;
        SSLEngine serverEngine = serverEngine(SERVER, protocol);
        serverEngine.setWantClientAuth(random.nextInt(4) == 0);
        byte[] request = bytes(random);
        byte[] response = bytes(random);
        Mutation mutation = Mutation.values()[random.nextInt(Mutation.values().length)];
        boolean mutateServer = random.nextInt(3) == 0;
        int where =
                random.nextInt(4) == 0
                        ? random.nextInt(10)
                        : random.nextInt(1 + (mutateServer ? 1_500 : 900));
        try (SocketPair pair = SocketPair.open()) {
            pair.client().configureBlocking(false);
            Side server =
                    new Side(
                            altering(
                                    steps.over(pair.server(), random.nextLong()),
                                    mutateServer ? mutation : Mutation.NONE,
                                    where,
                                    random),
                            serverEngine,
                            response,
                            request);
            Side client =
                    new Side(
                            altering(
                                    steps.over(pair.client(), random.nextLong()),
                                    mutateServer ? Mutation.NONE : mutation,
                                    where,
                                    random),
                            clientEngine(CLIENT, protocol),
                            request,
                            response);
            int turns = 0;
            int quiet = 0;
            while (server.outcome == null || client.outcome == null) {
                assertThat(turns++).as("turns").isLessThan(TURNS);
                boolean clientMoved = client.turn();
                boolean serverMoved = server.turn();
                quiet = clientMoved || serverMoved ? 0 : quiet + 1;
                if (quiet > 0) {
                    Thread.onSpinWait();
                }
                if (quiet == QUIET_TURNS && mutation != Mutation.NONE) {
                    cut(pair.client());
                    cut(pair.server());
                }
            }
            server.finish();
            client.finish();
            outcomes.merge(server.outcome, 1, Integer::sum);
            outcomes.merge(client.outcome, 1, Integer::sum);
            if (mutation == Mutation.NONE) {
                assertThat(server.outcome).isEqualTo(Outcome.END);
                assertThat(client.outcome).isEqualTo(Outcome.END);
            }
        }
    }

    private static void cut(SocketChannel channel) throws IOException {
        if (channel.isOpen()) {
            channel.shutdownOutput();
        }
    }

    private static byte[] bytes(Random random) {
        byte[] bytes = new byte[random.nextInt(random.nextInt(10) == 0 ? 40_000 : 300)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static ByteStream altering(
            ByteStream stream, Mutation mutation, int where, Random random) {
        return mutation == Mutation.NONE
                ? stream
                : new AlteringStream(stream, mutation, where, random);
    }

    /**
     * One end of the connection, which in turns completes the handshake, writes, ends its stream,
     * and reads to the end.
     */
    private static final class Side {

        private final BufferPool buffers = Buffers.pool();
        private final TlsStream stream;
        private final ByteBuffer source;
        private final ByteArrayOutputStream received = new ByteArrayOutputStream();
        private final ByteBuffer target = ByteBuffer.allocate(5_000);
        private final byte[] expected;
        private boolean open;
        private boolean shut;
        private @Nullable Outcome outcome;

        Side(ByteStream below, SSLEngine engine, byte[] data, byte[] expected) {
            this.stream = new TlsStream(below, engine, buffers);
            this.source = ByteBuffer.wrap(data);
            this.expected = expected;
        }

        boolean turn() throws IOException {
            if (outcome != null) {
                return false;
            }
            try {
                return open ? exchange() : open();
            } catch (TlsHandshakeException e) {
                assertThat(open).isFalse();
                assertThat(e.reason()).isNotEmpty().matches("[ -~]+");
                outcome = Outcome.HANDSHAKE;
            } catch (TruncatedStreamException _) {
                outcome = Outcome.TRUNCATED;
            } catch (SSLException e) {
                assertThat(open).isTrue();
                assertThat(e.getMessage()).matches("[ -~]+");
                outcome = Outcome.SSL;
            } catch (IOException _) {
                outcome = Outcome.SOCKET;
            }
            flushAndClose();
            return true;
        }

        private boolean open() throws IOException {
            open = stream.open();
            Runnable work = stream.work();
            if (work != null) {
                work.run();
            }
            return open || work != null;
        }

        private boolean exchange() throws IOException {
            int written = shut ? 0 : stream.write(source);
            // In TLS 1.2, the end of one direction is also the end of the other.
            boolean mayEnd =
                    stream.protocol().equals("TLSv1.3") || received.size() >= expected.length;
            if (stream.flush() && !source.hasRemaining() && !shut && mayEnd) {
                shut = true;
                stream.shutdownOutput();
            }
            int count = stream.read(target.clear());
            boolean flushed = stream.flush();
            if (count == ByteStream.END) {
                if (shut && flushed) {
                    outcome = Outcome.END;
                    assertThat(received.toByteArray()).isEqualTo(expected);
                    assertThat(buffers.borrowed()).isZero();
                    return true;
                }
                return false;
            }
            received.write(target.array(), 0, count);
            assertThat(Arrays.mismatch(received.toByteArray(), expected)).isIn(-1, received.size());
            return written > 0 || count > 0;
        }

        private void flushAndClose() throws IOException {
            try {
                for (int i = 0; i < QUIET_TURNS && !stream.flush(); i++) {
                    Thread.onSpinWait();
                }
            } catch (IOException _) {
                // Losing the alert is acceptable.
            }
            stream.channel().close();
        }

        void finish() {
            stream.release();
            assertThat(buffers.borrowed()).isZero();
        }
    }

    /** Alters the written bytes at one position. */
    private static final class AlteringStream extends ForwardingStream {

        private final Mutation mutation;
        private final Random random;
        private long untilMutation;
        private @Nullable ByteBuffer rest;
        private boolean cut;

        AlteringStream(ByteStream below, Mutation mutation, int where, Random random) {
            super(below);
            this.mutation = mutation;
            this.untilMutation = where;
            this.random = random;
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            if (rest != null && rest.hasRemaining()) {
                below.write(rest);
                if (rest.hasRemaining()) {
                    return 0;
                }
            }
            int count = source.remaining();
            if (cut) {
                source.position(source.limit());
                return count;
            }
            if (untilMutation < 0 || untilMutation >= count) {
                int written = below.write(source);
                untilMutation -= untilMutation < 0 ? 0 : written;
                return written;
            }
            byte[] bytes = new byte[count];
            source.get(bytes);
            ByteBuffer altered = ByteBuffer.wrap(alter(bytes, (int) untilMutation));
            untilMutation = -1;
            rest = altered;
            below.write(altered);
            if (cut) {
                below.shutdownOutput();
            }
            return count;
        }

        private byte[] alter(byte[] bytes, int at) {
            byte[] noise = new byte[1 + random.nextInt(random.nextInt(5) == 0 ? 20_000 : 40)];
            random.nextBytes(noise);
            int end = Math.min(bytes.length, at + noise.length);
            byte[] head = Arrays.copyOf(bytes, at);
            return switch (mutation) {
                case NONE -> bytes;
                case FLIP -> {
                    bytes[at] ^= (byte) (1 << random.nextInt(8));
                    yield bytes;
                }
                case INSERT -> join(head, noise, Arrays.copyOfRange(bytes, at, bytes.length));
                case DROP -> join(head, Arrays.copyOfRange(bytes, end, bytes.length));
                case REPEAT -> join(bytes, Arrays.copyOfRange(bytes, at, bytes.length));
                case REPLACE -> join(head, noise);
                case CUT -> {
                    cut = true;
                    yield head;
                }
            };
        }

        private static byte[] join(byte[]... parts) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (byte[] part : parts) {
                all.writeBytes(part);
            }
            return all.toByteArray();
        }

        @Override
        public boolean flush() throws IOException {
            if (rest != null && rest.hasRemaining() && !cut) {
                below.write(rest);
            }
            return rest == null || cut || !rest.hasRemaining();
        }

        @Override
        public boolean endOutput() throws IOException {
            return flush() && below.endOutput();
        }

        @Override
        public void shutdownOutput() throws IOException {
            while (!flush()) {
                Thread.onSpinWait();
            }
            below.shutdownOutput();
        }
    }
}
