package io.epollecho.server;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/**
 * The access log, which writes one line per closed connection to the logger {@value #LOGGER} on its
 * own thread. The event loops add lines to a bounded queue and never block: while the queue is
 * full, for example because the console is blocked, lines are dropped and counted.
 */
final class AccessLog {

    /**
     * The logger that receives the lines. Messages about the log itself go to this class's logger.
     */
    static final String LOGGER = "echo.access";

    /** The maximum number of queued lines if none contains words of a peer. */
    static final int CAPACITY = 8192;

    /** The approximate memory of a queued line in bytes, without words of a peer. */
    private static final int LINE_BYTES = 512;

    /** The maximum memory of the queued lines in bytes. */
    private static final int CAPACITY_BYTES = CAPACITY * LINE_BYTES;

    /** The maximum time that {@link #stop} waits for the remaining lines. */
    private static final Duration LAST_LINES = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(AccessLog.class);
    private static final Logger access = LoggerFactory.getLogger(LOGGER);

    private final Queue<Line> lines = new ConcurrentLinkedQueue<>();

    /** The memory of the queued lines in bytes. */
    private final AtomicInteger waiting = new AtomicInteger();

    private final AtomicLong dropped = new AtomicLong();
    private volatile @Nullable Writer writer;

    private record Line(ConnectionInfo connection, CloseReason reason, Instant closed) {

        /** Returns the approximate memory of the line in bytes. */
        int bytes() {
            TlsInfo tls = connection.tls();
            return tls == null ? LINE_BYTES : LINE_BYTES + tls.lengthOfNames();
        }

        /**
         * Returns the fields of the line. Timestamps are truncated to milliseconds, and the
         * duration is in seconds. The server name is at most 255 letters, digits, dashes and dots,
         * so a peer cannot forge a field with it.
         */
        Map<String, Object> pairs() {
            Instant opened = closed.minus(connection.age()).truncatedTo(ChronoUnit.MILLIS);
            var pairs = new LinkedHashMap<String, Object>();
            pairs.put("listener", connection.listener());
            pairs.put("peer", SocketAddresses.format(connection.peer()));
            InetSocketAddress proxy = connection.proxy();
            if (proxy != null) {
                pairs.put("proxy", SocketAddresses.format(proxy));
            }
            TlsInfo tls = connection.tls();
            if (tls != null) {
                pairs.put("tls", tls.protocol());
                if (tls.serverName() != null) {
                    pairs.put("sni", tls.serverName());
                }
            }
            pairs.put("opened", opened);
            pairs.put("duration", connection.age().toMillis() / 1000.0);
            pairs.put("received", connection.bytesReceived());
            pairs.put("sent", connection.bytesSent());
            pairs.put("reason", reason.label());
            return pairs;
        }

        /**
         * Writes the fields as key-value pairs and again in the message, because most text patterns
         * omit the pairs.
         */
        void write() {
            Map<String, Object> pairs = pairs();
            LoggingEventBuilder event = access.atInfo();
            for (Map.Entry<String, Object> pair : pairs.entrySet()) {
                event = event.addKeyValue(pair.getKey(), pair.getValue());
            }
            event.log(
                    pairs.entrySet().stream()
                            .map(pair -> pair.getKey() + "=" + pair.getValue())
                            .collect(Collectors.joining(" ")));
        }
    }

    /**
     * Queues the line for a connection that is about to close, or counts it as dropped if the queue
     * is full. Called on any event loop's thread.
     */
    void add(ConnectionInfo connection, CloseReason reason) {
        var line = new Line(connection, reason, Instant.now());
        if (waiting.addAndGet(line.bytes()) > CAPACITY_BYTES) {
            waiting.addAndGet(-line.bytes());
            drop();
            return;
        }
        lines.add(line);
        Writer current = writer;
        if (current != null) {
            current.wakeUp();
        }
    }

    /** Counts a line as dropped. */
    void drop() {
        dropped.incrementAndGet();
    }

    /** Returns the number of dropped lines. Thread-safe. */
    long dropped() {
        return dropped.get();
    }

    private @Nullable Line poll() {
        Line line = lines.poll();
        if (line != null) {
            waiting.addAndGet(-line.bytes());
        }
        return line;
    }

    /** Starts the writer thread. */
    void start() {
        var started = new Writer();
        started.thread.start(); // may fail; stop() must not join a thread that never started
        writer = started;
    }

    /** Writes the remaining lines, for at most two seconds, and drops the rest. */
    void stop() {
        Writer stopping = writer;
        if (stopping == null) {
            return;
        }
        writer = null;
        stopping.end();
        while (poll() != null) {
            drop();
        }
    }

    /**
     * The writer thread of one run. If it is stuck in the logging system, the next run uses
     * another.
     */
    private final class Writer {

        private final Thread thread =
                Thread.ofPlatform()
                        .name("echo-server-access-log")
                        .daemon(true)
                        .unstarted(this::run);
        private volatile boolean idle;
        private volatile boolean ending;
        private volatile boolean abandoned;
        private long reported = dropped();

        private void run() {
            while (!abandoned) {
                Line line = poll();
                if (line != null) {
                    tryWrite(line);
                    continue;
                }
                reportDropped();
                if (ending) {
                    return;
                }
                awaitLines();
            }
        }

        /** Writes a line. If the logging system fails, only this line is lost. */
        private void tryWrite(Line line) {
            try {
                line.write();
            } catch (RuntimeException | OutOfMemoryError e) {
                drop();
            }
        }

        private void reportDropped() {
            long now = dropped();
            if (now > reported) {
                log.warn("Access log fell behind: {} lines dropped", now - reported);
                reported = now;
            }
        }

        private void awaitLines() {
            idle = true;
            // Check again: a line added before idle was set did not wake this thread.
            if (lines.isEmpty() && !ending) {
                LockSupport.park(this);
            }
            idle = false;
        }

        void wakeUp() {
            if (idle) {
                LockSupport.unpark(thread);
            }
        }

        void end() {
            ending = true;
            LockSupport.unpark(thread);
            try {
                if (!thread.join(LAST_LINES)) {
                    abandoned = true;
                }
            } catch (InterruptedException e) {
                abandoned = true;
                Thread.currentThread().interrupt();
            }
        }
    }
}
