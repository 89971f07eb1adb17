package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Establishes a TCP connection to one of the server's addresses. The next address is tried when the
 * previous one fails or has not answered for a while; the first that accepts is used ("happy
 * eyeballs", RFC 8305, section 5).
 */
final class Dial {

    private static final long STAGGER_NANOS = 250_000_000;

    /** The failure of an attempt to connect to one address. */
    private record Failed(IOException cause, Endpoints endpoints) {}

    private final Probe probe;
    private final ProbeClient client;
    private final @Nullable InetSocketAddress source;
    private final Deque<InetSocketAddress> untried;
    private final List<Attempt> attempts = new ArrayList<>();
    private final List<Failed> failures = new ArrayList<>();
    private final long begunAt;
    private final long stagger;
    private long nextAt;
    private boolean over;

    Dial(Probe probe, ProbeOptions options, ProbeClient client, List<InetSocketAddress> addresses) {
        this.probe = probe;
        this.client = client;
        this.source = options.source();
        this.untried = new ArrayDeque<>(addresses);
        this.begunAt = System.nanoTime();
        this.stagger = Math.min(STAGGER_NANOS, options.timeout().toNanos() / addresses.size());
    }

    /** Begins the first attempt. The outcome, which is reported to the client, may come at once. */
    void begin() {
        tryNext();
    }

    /** Tries the next address if it is time, and gives up after the timeout. */
    void check(long now, long timeoutNanos) {
        if (now - begunAt > timeoutNanos) {
            var timeout = new ConnectionFailedException(FailureKind.TIMED_OUT, "Connect timed out");
            untried.clear();
            List.copyOf(attempts).forEach(attempt -> attempt.failed(timeout));
        } else if (now >= nextAt) {
            tryNext();
        }
    }

    long begunAt() {
        return begunAt;
    }

    /** Abandons all attempts. */
    void close() {
        over = true;
        attempts.forEach(Attempt::close);
        attempts.clear();
    }

    private void tryNext() {
        InetSocketAddress address = untried.poll();
        if (address == null) {
            nextAt = Long.MAX_VALUE;
            return;
        }
        nextAt = System.nanoTime() + stagger;
        var attempt = new Attempt(address);
        attempts.add(attempt);
        attempt.begin();
    }

    private void failed(Attempt attempt, IOException cause) {
        attempts.remove(attempt);
        failures.add(new Failed(cause, new Endpoints(attempt.local, attempt.address)));
        if (!untried.isEmpty()) {
            tryNext();
        } else if (attempts.isEmpty() && !over) {
            over = true;
            report();
        }
    }

    private void report() {
        if (failures.size() == 1) {
            Failed only = failures.getFirst();
            client.failed(only.cause, begunAt, only.endpoints);
            return;
        }
        // A lack of IPv6 says less than the answer of an address that could be reached.
        FailureKind kind =
                failures.stream()
                        .map(failed -> FailureKind.of(failed.cause))
                        .filter(each -> each != FailureKind.UNREACHABLE)
                        .findFirst()
                        .orElse(FailureKind.UNREACHABLE);
        String all =
                failures.stream()
                        .map(failed -> failed.cause.getMessage() + failed.endpoints)
                        .collect(Collectors.joining("; "));
        client.failed(new ConnectionFailedException(kind, all), begunAt, Endpoints.UNKNOWN);
    }

    /** An attempt to connect to one address. */
    private final class Attempt implements ReadyHandler {

        private final InetSocketAddress address;
        private long startedAt;
        private @Nullable SocketChannel channel;
        private @Nullable InetSocketAddress local;
        private @Nullable SelectionKey key;

        Attempt(InetSocketAddress address) {
            this.address = address;
        }

        void begin() {
            try {
                SocketChannel opened = SocketChannel.open();
                channel = opened;
                opened.configureBlocking(false);
                opened.setOption(StandardSocketOptions.TCP_NODELAY, true);
                if (source != null) {
                    // The port of an earlier connection may still be in TIME_WAIT.
                    opened.setOption(StandardSocketOptions.SO_REUSEADDR, true);
                    opened.bind(source);
                    local = (InetSocketAddress) opened.getLocalAddress();
                }
                key = opened.register(probe.selector(), SelectionKey.OP_CONNECT, this);
                startedAt = System.nanoTime();
                if (opened.connect(address)) {
                    connected(opened, key);
                }
            } catch (IOException e) {
                failed(e);
            }
        }

        @Override
        public void ready() {
            try {
                if (channel != null && key != null && channel.finishConnect()) {
                    connected(channel, key);
                }
            } catch (IOException e) {
                failed(e);
            }
        }

        private void connected(SocketChannel connected, SelectionKey selectionKey)
                throws IOException {
            var near = (InetSocketAddress) connected.getLocalAddress();
            var remote = (InetSocketAddress) connected.getRemoteAddress();
            if (near.equals(remote)) {
                // Without the reset, TIME_WAIT would keep a server from using this port.
                connected.setOption(StandardSocketOptions.SO_LINGER, 0);
                throw new ConnectionFailedException(
                        FailureKind.REFUSED,
                        "Connection refused: nothing listens there, so the probe's socket"
                                + " connected to itself");
            }
            attempts.remove(this);
            Dial.this.close();
            client.connected(connected, selectionKey, new Endpoints(near, remote), startedAt);
        }

        void failed(IOException cause) {
            close();
            Dial.this.failed(this, cause);
        }

        void close() {
            try {
                if (channel != null) {
                    channel.close();
                }
            } catch (IOException _) {
                // The attempt is abandoned anyway, and its failure is already known.
            }
        }
    }
}
