package io.epollecho.spring.actuate;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerStatistics;
import io.epollecho.server.LoopStatistics;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The recent history of an echo server: its rates, their peaks, and a point for each of the last
 * 600 seconds. A daemon thread samples counters that the event loops maintain anyway, so the
 * history does not slow down the echo.
 */
public final class EchoServerHistory implements AutoCloseable {

    static final Duration INTERVAL = Duration.ofSeconds(1);
    static final int POINTS = 600;

    private static final Logger log = LoggerFactory.getLogger(EchoServerHistory.class);

    /** Shorter than the interval, so that a rate is at most this old when it is read. */
    private static final Duration STEP = INTERVAL.dividedBy(2);

    private static final int STEPS_PER_INTERVAL = 2;

    private final EchoServer server;
    private final InstantSource clock;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread thread;

    /** The samples of the last interval, oldest first. Guarded by this. */
    private final Deque<Sample> samples = new ArrayDeque<>();

    /** Guarded by this. */
    private final Deque<Point> points = new ArrayDeque<>();

    /** Guarded by this. */
    private Rates peaks = Rates.NONE;

    /** Guarded by this. */
    private long steps;

    /** The number of the last point. Guarded by this. */
    private long sequence;

    /** The counters of the event loops at a {@link System#nanoTime()}. */
    private record Sample(long nanos, List<LoopStatistics> loops) {

        EchoServerStatistics total() {
            return LoopStatistics.total(loops);
        }
    }

    /**
     * The figures of one second.
     *
     * @param sequence the number of the point; the next point has the next number
     * @param time the end of the second, in milliseconds since 1970, for display only: the clock
     *     may be set back
     * @param active the number of open connections at the end
     * @param pending the number of pending bytes at the end
     * @param rates the rates during the second
     */
    record Point(long sequence, long time, long active, long pending, Rates rates) {}

    /**
     * Creates the history of a server. Sampling begins with {@link #start()}.
     *
     * @param server the server
     */
    public EchoServerHistory(EchoServer server) {
        this(server, InstantSource.system());
    }

    EchoServerHistory(EchoServer server, InstantSource clock) {
        this.server = server;
        this.clock = clock;
        // The points of a restarted application have higher numbers than those of the last one.
        this.sequence = clock.instant().getEpochSecond();
        this.thread =
                Thread.ofPlatform().name("echo-server-history").daemon(true).unstarted(this::run);
        samples.add(sample());
    }

    /** Starts sampling. Call this method at most once. */
    public void start() {
        thread.start();
    }

    private void run() {
        try {
            long next = System.nanoTime();
            do {
                trySample();
                next = Math.max(next + STEP.toNanos(), System.nanoTime());
            } while (!stopped.await(next - System.nanoTime(), TimeUnit.NANOSECONDS));
        } catch (InterruptedException e) {
            log.warn("Thread interrupted: the history of the echo server is no longer recorded");
        }
    }

    /** Adds a sample, or skips it after a failure such as a lack of memory. */
    void trySample() {
        try {
            add(sample());
        } catch (RuntimeException | OutOfMemoryError e) {
            log.error("Cannot sample the echo server's counters; this sample is skipped", e);
        }
    }

    private Sample sample() {
        return new Sample(System.nanoTime(), server.statisticsByLoop());
    }

    private synchronized void add(Sample sample) {
        samples.addLast(sample);
        if (samples.size() > STEPS_PER_INTERVAL + 1) {
            samples.removeFirst();
        }
        EchoServerStatistics now = sample.total();
        Rates rates = lastInterval().total();
        peaks = peaks.max(rates);
        steps++;
        if (steps % STEPS_PER_INTERVAL == 0) {
            points.addLast(
                    new Point(++sequence, clock.millis(), now.active(), now.pendingBytes(), rates));
            if (points.size() > POINTS) {
                points.removeFirst();
            }
        }
    }

    /** Returns the last interval. */
    synchronized Interval lastInterval() {
        Sample first = samples.getFirst();
        Sample last = samples.getLast();
        return new Interval(
                Duration.ofNanos(last.nanos() - first.nanos()), first.loops(), last.loops());
    }

    /** Returns the highest value of each rate so far. */
    synchronized Rates peaks() {
        return peaks;
    }

    /**
     * Returns the points after the given one, oldest first. Returns all points if the given one is
     * none of this history, but of an application whose clock was ahead.
     *
     * @param since the sequence number of a point
     */
    synchronized List<Point> since(long since) {
        if (since > sequence) {
            return List.copyOf(points);
        }
        Iterator<Point> newestFirst = points.descendingIterator();
        var newer = new ArrayDeque<Point>();
        while (newestFirst.hasNext()) {
            Point point = newestFirst.next();
            if (point.sequence() <= since) {
                break;
            }
            newer.addFirst(point);
        }
        return List.copyOf(newer);
    }

    /** Stops sampling. Earlier points remain available. */
    @Override
    public void close() {
        stopped.countDown();
    }
}
