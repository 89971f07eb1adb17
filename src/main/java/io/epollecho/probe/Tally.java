package io.epollecho.probe;

import org.HdrHistogram.Histogram;

import java.io.IOException;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;

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
    private final Failures failures = new Failures();
    private final SortedMap<String, Integer> greetings = new TreeMap<>();
    private long wrongBytes;
    private long missingBytes;

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

    void greeted(String server) {
        greetings.merge(server, 1, Integer::sum);
    }

    void failed(int connection, IOException cause) {
        failures.add(FailureKind.of(cause), "connection " + connection + ": " + cause.getMessage());
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
        return new ProbeProgress(seconds, open, messages, wrongBytes, failures.lost());
    }

    ProbeReport report(long planned, long endedAt) {
        boolean measured = measuringSince != Long.MAX_VALUE;
        long messages = latency.getTotalCount();
        return new ProbeReport(
                tried,
                measured ? planned : 0,
                messages,
                messages * size,
                wrongBytes,
                missingBytes,
                Duration.ofNanos(measured ? Math.max(0, endedAt - measuringSince) : 0),
                latency,
                failures.counts(),
                new TreeMap<>(greetings));
    }
}
