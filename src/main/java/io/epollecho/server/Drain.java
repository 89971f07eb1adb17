package io.epollecho.server;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;

/**
 * The drain of one run of a server: its deadline, its progress and its end. Thread-safe unless
 * stated otherwise.
 */
final class Drain {

    private static final Logger log = LoggerFactory.getLogger(Drain.class);

    /** How long {@link #await} outlasts the deadline: the last connections have a grace period. */
    private static final Duration MARGIN = Duration.ofSeconds(2);

    /** How often the loops are asked during the margin. */
    private static final int MARGIN_REQUESTS = 8;

    /** The interval of progress reports in the log. */
    private static final Duration REPORTS = Duration.ofSeconds(5);

    /** The longest effective timeout. A longer one might overflow {@link System#nanoTime()}. */
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private final ServerRun run;
    private final LongSupplier active;
    private final long connectionsAtStart;
    private final CompletableFuture<Void> done;
    private volatile long deadline;

    /**
     * Begins the drain.
     *
     * @param run the run to drain
     * @param active supplies the number of open connections
     * @param timeout the maximum duration of the drain
     */
    Drain(ServerRun run, LongSupplier active, Duration timeout) {
        this.run = run;
        this.active = active;
        this.connectionsAtStart = active.getAsLong();
        this.deadline = deadlineAfter(timeout);
        log.info(
                "Echo server draining: {} connections open, for at most {}",
                connectionsAtStart,
                text(timeout));
        this.done = run.drain(deadline);
    }

    private static long deadlineAfter(Duration timeout) {
        Duration bounded = timeout.compareTo(LONGEST) > 0 ? LONGEST : timeout;
        return System.nanoTime() + bounded.toNanos();
    }

    /**
     * Brings the deadline forward. Does nothing if the timeout would end later. Callers must hold
     * the server's lock.
     */
    void shorten(Duration timeout) {
        long earlier = deadlineAfter(timeout);
        if (earlier < deadline) {
            deadline = earlier;
            log.info("Echo server drain shortened to at most {} more", text(timeout));
            var _ = run.drain(earlier); // done already waits for the same connections
        }
    }

    /** Waits for the end of the drain. Returns true if no connection is left. */
    boolean await() {
        try {
            while (remaining().compareTo(REPORTS) > 0) {
                if (isDone(REPORTS)) {
                    return true;
                }
                DrainProgress progress = progress();
                log.info(
                        "Echo server draining: {} of {} connections left, for at most {} more",
                        progress.connectionsLeft(),
                        progress.connectionsAtStart(),
                        text(progress.remaining()));
                ask();
            }
            if (isDone(remaining())) {
                return true;
            }
            for (int i = 0; i < MARGIN_REQUESTS; i++) {
                ask();
                if (isDone(MARGIN.dividedBy(MARGIN_REQUESTS))) {
                    return true;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (CancellationException | ExecutionException e) {
            // the run has ended
        }
        return false;
    }

    /** Asks the loops once more, in case one had no memory for it. The others know already. */
    private void ask() {
        var _ = run.drain(deadline);
    }

    private boolean isDone(Duration patience) throws InterruptedException, ExecutionException {
        try {
            done.get(patience.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    DrainProgress progress() {
        return new DrainProgress(connectionsAtStart, active.getAsLong(), remaining());
    }

    private Duration remaining() {
        return Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
    }

    private static String text(Duration duration) {
        return duration.toSeconds() < 1 ? duration.toMillis() + " ms" : duration.toSeconds() + " s";
    }
}
