package io.epollecho.spring.actuate;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerStatistics;
import io.epollecho.server.LoopStatistics;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The recent past of an echo server: its rates, their peaks, and a point for each of the last 600
 * seconds. A daemon thread of its own reads what the loops count anyway, so an echo costs no more
 * because of it.
 */
public final class EchoServerHistory implements AutoCloseable {

    static final Duration INTERVAL = Duration.ofSeconds(1);
    static final int POINTS = 600;

    private static final Logger log = LoggerFactory.getLogger(EchoServerHistory.class);

    /** Shorter than the interval, so that a rate is at most this old when it is read. */
    private static final Duration STEP = INTERVAL.dividedBy(2);

    private static final int STEPS_PER_INTERVAL = 2;

    private final EchoServer server;
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

    /** The counts of the loops at one moment, a {@link System#nanoTime()}. */
    private record Sample(long nanos, List<LoopStatistics> loops) {

        EchoServerStatistics total() {
            return LoopStatistics.total(loops);
        }
    }

    /**
     * One second.
     *
     * @param time its end, in milliseconds since 1970
     * @param active connections that were open at its end
     * @param pending bytes that were pending at its end
     * @param rates what happened in it
     */
    record Point(long time, long active, long pending, Rates rates) {}

    /**
     * Creates the history of a server, which begins with {@link #start()}.
     *
     * @param server the server
     */
    public EchoServerHistory(EchoServer server) {
        this.server = server;
        this.thread =
                Thread.ofPlatform().name("echo-server-history").daemon(true).unstarted(this::run);
        samples.add(sample());
    }

    /** Starts sampling. May be called once. */
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
            log.warn("Interrupted: the history of the echo server ends here");
        }
    }

    /** A failure, such as for lack of memory, costs one sample. */
    private void trySample() {
        try {
            add(sample());
        } catch (RuntimeException | OutOfMemoryError e) {
            log.error("Cannot sample the echo server's figures", e);
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
                    new Point(System.currentTimeMillis(), now.active(), now.pendingBytes(), rates));
            if (points.size() > POINTS) {
                points.removeFirst();
            }
        }
    }

    /** Returns what happened in the last interval. */
    synchronized Interval lastInterval() {
        Sample first = samples.getFirst();
        Sample last = samples.getLast();
        return new Interval(
                Duration.ofNanos(last.nanos() - first.nanos()), first.loops(), last.loops());
    }

    /** Returns the highest value of each rate in any interval. */
    synchronized Rates peaks() {
        return peaks;
    }

    /**
     * Returns the points that are newer than a moment, oldest first.
     *
     * @param since milliseconds since 1970
     */
    synchronized List<Point> since(long since) {
        Iterator<Point> newestFirst = points.descendingIterator();
        var newer = new ArrayDeque<Point>();
        while (newestFirst.hasNext()) {
            Point point = newestFirst.next();
            if (point.time() <= since) {
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
