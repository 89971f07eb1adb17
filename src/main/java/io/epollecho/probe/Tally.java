package io.epollecho.probe;

import org.HdrHistogram.Histogram;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;

/** The counters of a run. Confined to the probe's thread. */
final class Tally {

    private static final long LONGEST_LATENCY = Duration.ofHours(1).toNanos();

    private final Histogram latency = new Histogram(LONGEST_LATENCY, 3);
    private final Histogram intervalLatency = new Histogram(LONGEST_LATENCY, 3);
    private final Failures failures = new Failures();
    private final Sources sources = new Sources();
    private final SortedMap<String, Integer> greetings = new TreeMap<>();
    private final int size;
    private long measuringSince = Long.MAX_VALUE;
    private long lastAnswer;
    private long lastEvent;
    private long answeredInAll;
    private int open;
    private long wrongBytes;
    private long missingBytes;

    Tally(int size) {
        this.size = size;
    }

    void measureFrom(long now) {
        measuringSince = now;
        lastAnswer = now;
        lastEvent = now;
    }

    void answered(long planned, long now) {
        answeredInAll++;
        if (planned >= measuringSince) {
            lastAnswer = now;
            intervalLatency.recordValue(Math.clamp(now - planned, 0, LONGEST_LATENCY));
        }
    }

    void wrong(long bytes) {
        wrongBytes += bytes;
    }

    void opened(InetSocketAddress source) {
        open++;
        sources.add(source);
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

    void failed(FailureKind kind, String reason) {
        failures.add(kind, reason);
        lastEvent = System.nanoTime();
    }

    /** Adds the latency of the interval to that of the run, and resets the former. */
    void endInterval() {
        latency.add(intervalLatency);
        intervalLatency.reset();
    }

    Histogram intervalLatency() {
        return intervalLatency;
    }

    Failures failures() {
        return failures;
    }

    int open() {
        return open;
    }

    long answeredInAll() {
        return answeredInAll;
    }

    long wrongBytes() {
        return wrongBytes;
    }

    long missingBytes() {
        return missingBytes;
    }

    long lastAnswer() {
        return lastAnswer;
    }

    /** Returns the time at which the last message was answered or the last failure occurred. */
    long lastEvent() {
        return Math.max(lastEvent, lastAnswer);
    }

    /** Creates the report. Call it after the last interval has ended. */
    ProbeReport report(
            int connections, int usable, long planned, long endedAt, OutageSummary outages) {
        boolean measured = measuringSince != Long.MAX_VALUE;
        long messages = latency.getTotalCount();
        return new ProbeReport(
                connections,
                usable,
                measured ? planned : 0,
                messages,
                messages * size,
                wrongBytes,
                missingBytes,
                Duration.ofNanos(measured ? Math.max(0, endedAt - measuringSince) : 0),
                latency,
                failures.counts(),
                outages,
                sources.text(),
                new TreeMap<>(greetings));
    }
}
