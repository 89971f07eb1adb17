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

    private final int connections;
    private final long[] bucketCounts = new long[BOUNDS.length + 1];
    private double sum;
    private volatile MetricSnapshots snapshots = MetricSnapshots.of();

    ProbeMetrics(int connections) {
        this.connections = connections;
    }

    @Override
    public MetricSnapshots collect() {
        return snapshots;
    }

    @Override
    public void interval(ProbeInterval interval) {
        addLatency(interval);
        snapshots =
                MetricSnapshots.of(
                        counter("messages", "Answered messages.", interval.answered()),
                        counter(
                                "wrong_bytes",
                                "Bytes received that differ from those sent.",
                                interval.wrongBytes()),
                        counter(
                                "missing_bytes",
                                "Bytes that never came back.",
                                interval.missingBytes()),
                        failures(interval.failures()),
                        counter("outages", "Number of outages.", (long) interval.outages().count()),
                        counter(
                                "outage_seconds",
                                "Total duration of all outages.",
                                interval.outages().total().toNanos() / SECOND),
                        gauge("outage", "1 during an outage.", interval.outages().down() ? 1 : 0),
                        gauge("connections", "Open connections.", interval.open()),
                        gauge("connections_wanted", "Requested connections.", connections),
                        latency());
    }

    private void addLatency(ProbeInterval interval) {
        interval.latency()
                .recordedValues()
                .forEach(
                        value -> {
                            long count = value.getCountAddedInThisIterationStep();
                            double seconds = value.getValueIteratedTo() / SECOND;
                            sum += count * seconds;
                            bucketCounts[bucket(seconds)] += count;
                        });
    }

    private static int bucket(double seconds) {
        int bucket = 0;
        while (bucket < BOUNDS.length && seconds > BOUNDS[bucket]) {
            bucket++;
        }
        return bucket;
    }

    private MetricSnapshot latency() {
        var buckets = ClassicHistogramBuckets.builder();
        for (int i = 0; i < bucketCounts.length; i++) {
            double bound = i < BOUNDS.length ? rounded(BOUNDS[i]) : Double.POSITIVE_INFINITY;
            buckets.bucket(bound, bucketCounts[i]);
        }
        return HistogramSnapshot.builder()
                .name(PREFIX + "round_trip_seconds")
                .help("Time from a message being due to its answer.")
                .unit(Unit.SECONDS)
                .dataPoint(
                        HistogramDataPointSnapshot.builder()
                                .classicHistogramBuckets(buckets.build())
                                .sum(sum)
                                .build())
                .build();
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
                            .labels(Labels.of("kind", kind.toString().replace(' ', '_')))
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
