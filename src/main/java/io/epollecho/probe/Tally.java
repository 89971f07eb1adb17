package io.epollecho.probe;

import io.epollecho.stream.AddressFormat;

import org.HdrHistogram.Histogram;

import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;

/** The counters of a run. Confined to the probe's thread. */
final class Tally {

    private static final long LATE_NANOS = 1_000_000;

    private final Latencies latency = new Latencies();
    private final Latencies connecting = new Latencies();
    private final Latencies handshakes = new Latencies();
    private final Failures failures = new Failures();
    private final Sources sources = new Sources();
    private final SortedMap<String, Integer> greetings = new TreeMap<>();
    private final SortedMap<String, Integer> connected = new TreeMap<>();
    private final int size;
    private long measuringSince = Long.MAX_VALUE;
    private long sent;
    private long late;
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
            latency.record(now - planned);
        }
    }

    void sent(long planned, long now) {
        if (planned >= measuringSince) {
            sent++;
            if (now - planned > LATE_NANOS) {
                late++;
            }
        }
    }

    void wrong(long bytes) {
        wrongBytes += bytes;
    }

    /** Records a TCP connection, which may not be ready for messages yet. */
    void connected(long nanos, Endpoints endpoints) {
        connecting.record(nanos);
        if (endpoints.remote() != null) {
            connected.merge(AddressFormat.format(endpoints.remote().getAddress()), 1, Integer::sum);
        }
    }

    void handshaken(long nanos) {
        handshakes.record(nanos);
    }

    /** Records a connection that is ready for messages. */
    void opened(Endpoints endpoints) {
        open++;
        if (endpoints.local() != null) {
            sources.add(endpoints.local());
        }
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

    void failed(FailureKind kind, String reason, Endpoints endpoints) {
        failures.add(kind, reason, endpoints);
        lastEvent = System.nanoTime();
    }

    /** Adds the histograms of the interval to those of the run, and resets the former. */
    void endInterval() {
        latency.endInterval();
        connecting.endInterval();
        handshakes.endInterval();
    }

    Histogram intervalLatency() {
        return latency.interval();
    }

    Histogram intervalConnecting() {
        return connecting.interval();
    }

    Histogram intervalHandshakes() {
        return handshakes.interval();
    }

    long lowestLatency() {
        return latency.lowest();
    }

    Progress progress(long planned, long queued) {
        return new Progress(measuringSince == Long.MAX_VALUE ? 0 : planned, sent, late, queued);
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
            Target target,
            int connections,
            int usable,
            Progress progress,
            Duration behind,
            long overdue,
            long endedAt,
            OutageSummary outages) {
        boolean measured = measuringSince != Long.MAX_VALUE;
        long messages = latency.run().getTotalCount();
        return new ProbeReport(
                target,
                connections,
                usable,
                progress,
                behind,
                overdue,
                messages,
                messages * size,
                wrongBytes,
                missingBytes,
                Duration.ofNanos(measured ? Math.max(0, endedAt - measuringSince) : 0),
                latency.run(),
                connecting.run(),
                handshakes.run(),
                failures.counts(),
                failures.first(),
                outages,
                sources.text(),
                new TreeMap<>(connected),
                new TreeMap<>(greetings));
    }
}
