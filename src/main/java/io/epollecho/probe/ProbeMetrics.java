package io.epollecho.probe;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Unit;

import org.HdrHistogram.Histogram;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * The metrics of a probe for Prometheus. They are updated at the end of each interval rather than
 * for each echo, which keeps an echo cheap. The probe's thread updates them; any thread may collect
 * them.
 */
final class ProbeMetrics implements ProbeListener, MultiCollector {

    private static final String PREFIX = "echo_probe_";
    private static final double SECOND = 1e9;

    /** Upper bounds of the buckets in seconds, from loopback to a path with packet loss. */
    private static final double[] BOUNDS =
            DoubleStream.iterate(1e-5, bound -> bound < 20, bound -> bound * 10)
                    .flatMap(bound -> DoubleStream.of(bound, bound * 2.5, bound * 5))
                    .toArray();

    private static final Histogram NONE = new Histogram(1);

    private final int connections;
    private final Buckets roundTrips =
            new Buckets("round_trip_seconds", "Time from a message being due to its answer.");
    private final Buckets connecting =
            new Buckets("connect_seconds", "Time to establish a TCP connection.");
    private final Buckets handshakes =
            new Buckets("tls_handshake_seconds", "Duration of a TLS handshake.");
    private volatile MetricSnapshots snapshots;

    ProbeMetrics(int connections) {
        this.connections = connections;
        this.snapshots = atTheBeginning();
    }

    /** Returns the metrics with the value 0, so that their first increase is visible. */
    private MetricSnapshots atTheBeginning() {
        return snapshots(
                new ProbeInterval(
                        Instant.EPOCH,
                        Duration.ZERO,
                        Duration.ZERO,
                        false,
                        0,
                        0,
                        NONE,
                        NONE,
                        NONE,
                        new Progress(0, 0, 0, 0),
                        0,
                        0,
                        0,
                        0,
                        0,
                        List.of(),
                        new OutageSummary(0, Duration.ZERO, Duration.ZERO, 1, false)));
    }

    @Override
    public MetricSnapshots collect() {
        return snapshots;
    }

    @Override
    public void interval(ProbeInterval interval) {
        roundTrips.add(interval.latency());
        connecting.add(interval.connecting());
        handshakes.add(interval.handshakes());
        snapshots = snapshots(interval);
    }

    private MetricSnapshots snapshots(ProbeInterval interval) {
        Progress progress = interval.progress();
        return MetricSnapshots.of(
                counter("messages", "Answered messages.", interval.answered()),
                counter(
                        "messages_planned",
                        "Messages that became due after the warm-up.",
                        progress.planned()),
                counter("messages_sent", "Planned messages that were sent.", progress.sent()),
                counter(
                        "messages_late",
                        "Planned messages that were sent more than 1 ms after they were due.",
                        progress.late()),
                gauge(
                        "messages_queued",
                        "Messages that are due but not sent, on open connections.",
                        (double) progress.queued()),
                counter(
                        "wrong_bytes",
                        "Bytes received that differ from those sent.",
                        interval.wrongBytes()),
                counter("missing_bytes", "Bytes that never came back.", interval.missingBytes()),
                failures(interval.failures()),
                counter("outages", "Number of outages.", (long) interval.outages().count()),
                counter(
                        "outage_seconds",
                        "Total duration of all outages.",
                        interval.outages().total().toNanos() / SECOND),
                gauge("outage", "1 during an outage.", interval.outages().down() ? 1 : 0),
                gauge("connections", "Open connections.", interval.open()),
                gauge("connections_wanted", "Requested connections.", connections),
                roundTrips.snapshot(),
                connecting.snapshot(),
                handshakes.snapshot());
    }

    /** A histogram of the run with the buckets of Prometheus. */
    private static final class Buckets {

        private final String name;
        private final String help;
        private final long[] counts = new long[BOUNDS.length + 1];
        private double sum;

        Buckets(String name, String help) {
            this.name = name;
            this.help = help;
        }

        void add(Histogram interval) {
            interval.recordedValues()
                    .forEach(
                            value -> {
                                long count = value.getCountAddedInThisIterationStep();
                                double seconds = value.getValueIteratedTo() / SECOND;
                                sum += count * seconds;
                                counts[bucket(seconds)] += count;
                            });
        }

        private static int bucket(double seconds) {
            int bucket = 0;
            while (bucket < BOUNDS.length && seconds > BOUNDS[bucket]) {
                bucket++;
            }
            return bucket;
        }

        MetricSnapshot snapshot() {
            var buckets = ClassicHistogramBuckets.builder();
            for (int i = 0; i < counts.length; i++) {
                double bound = i < BOUNDS.length ? rounded(BOUNDS[i]) : Double.POSITIVE_INFINITY;
                buckets.bucket(bound, counts[i]);
            }
            return HistogramSnapshot.builder()
                    .name(PREFIX + name)
                    .help(help)
                    .unit(Unit.SECONDS)
                    .dataPoint(
                            HistogramDataPointSnapshot.builder()
                                    .classicHistogramBuckets(buckets.build())
                                    .sum(sum)
                                    .build())
                    .build();
        }
    }

    private static double rounded(double bound) {
        return Double.parseDouble(String.format(Locale.ROOT, "%.3g", bound));
    }

    private static MetricSnapshot failures(List<FailureCount> failures) {
        var counter = CounterSnapshot.builder().name(PREFIX + "failures").help("Failures by kind.");
        for (FailureKind kind : FailureKind.values()) {
            long count =
                    failures.stream()
                            .filter(failure -> failure.kind() == kind)
                            .mapToLong(FailureCount::count)
                            .sum();
            counter.dataPoint(
                    CounterDataPointSnapshot.builder()
                            .labels(Labels.of("kind", kind.label()))
                            .value((double) count)
                            .build());
        }
        return counter.build();
    }

    private static MetricSnapshot counter(String name, String help, long value) {
        return counter(name, help, (double) value);
    }

    private static MetricSnapshot counter(String name, String help, double value) {
        return CounterSnapshot.builder()
                .name(PREFIX + name)
                .help(help)
                .dataPoint(CounterDataPointSnapshot.builder().value(value).build())
                .build();
    }

    private static MetricSnapshot gauge(String name, String help, double value) {
        return GaugeSnapshot.builder()
                .name(PREFIX + name)
                .help(help)
                .dataPoint(GaugeDataPointSnapshot.builder().value(value).build())
                .build();
    }
}
