package io.epollecho.probe;

import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** What a run counts. Belongs to the probe's thread. */
final class Tally {

    private static final long LONGEST_LATENCY = Duration.ofHours(1).toNanos();

    private final Histogram latency = new Histogram(LONGEST_LATENCY, 3);
    private final int size;
    private long measuringSince = Long.MAX_VALUE;
    private long lastAnswer;
    private long answeredInAll;
    private int tried;
    private int open;
    private int connectFailures;
    private int resets;
    private int stalls;
    private long wrongBytes;
    private long missingBytes;
    private @Nullable String firstFailure;

    Tally(int size) {
        this.size = size;
    }

    void measureFrom(long now) {
        measuringSince = now;
        lastAnswer = now;
    }

    void answered(long planned, long now) {
        answeredInAll++;
        if (planned >= measuringSince) {
            lastAnswer = now;
            latency.recordValue(Math.clamp(now - planned, 0, LONGEST_LATENCY));
        }
    }

    void wrong(int bytes) {
        wrongBytes += bytes;
    }

    void tried() {
        tried++;
    }

    void opened() {
        open++;
    }

    void closed(boolean wasOpen, long missing) {
        if (wasOpen) {
            open--;
        }
        missingBytes += missing;
    }

    void connectFailed(int connection, IOException cause) {
        connectFailures++;
        failed(connection, cause);
    }

    void reset(int connection, IOException cause) {
        resets++;
        failed(connection, cause);
    }

    void stalled(int connection, IOException cause) {
        stalls++;
        failed(connection, cause);
    }

    private void failed(int connection, IOException cause) {
        if (firstFailure == null) {
            firstFailure = "connection %d: %s".formatted(connection, cause.getMessage());
        }
    }

    int open() {
        return open;
    }

    long answeredInAll() {
        return answeredInAll;
    }

    long lastAnswer() {
        return lastAnswer;
    }

    ProbeProgress progress(long seconds, long messages) {
        return new ProbeProgress(
                seconds, open, messages, wrongBytes, connectFailures + resets + stalls);
    }

    ProbeReport report(long planned, long endedAt) {
        boolean measured = measuringSince != Long.MAX_VALUE;
        long messages = latency.getTotalCount();
        return new ProbeReport(
                tried,
                connectFailures,
                resets,
                stalls,
                measured ? planned : 0,
                messages,
                messages * size,
                wrongBytes,
                missingBytes,
                Duration.ofNanos(measured ? Math.max(0, endedAt - measuringSince) : 0),
                latency,
                Optional.ofNullable(firstFailure));
    }
}
