package io.epollecho.bench;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** All that was measured. */
final class Results {

    /** One figure. */
    record Sample(String row, String contender, int round, Metric metric, double value) {}

    /** What the rounds have shown of one figure. */
    record Summary(double median, double min, double max) {}

    private final List<Sample> samples = new ArrayList<>();

    void add(Sample sample) {
        samples.add(sample);
    }

    List<Sample> samples() {
        return Collections.unmodifiableList(samples);
    }

    Optional<Summary> summary(String row, String contender, Metric metric) {
        List<Double> values =
                samples.stream()
                        .filter(sample -> sample.row.equals(row))
                        .filter(sample -> sample.contender.equals(contender))
                        .filter(sample -> sample.metric == metric)
                        .map(Sample::value)
                        .sorted()
                        .toList();
        if (values.isEmpty()) {
            return Optional.empty();
        }
        int size = values.size();
        double median = (values.get((size - 1) / 2) + values.get(size / 2)) / 2;
        return Optional.of(new Summary(median, values.getFirst(), values.getLast()));
    }

    /** The best median among these contenders. */
    Optional<Double> best(String row, Metric metric, Collection<String> contenders) {
        var medians =
                contenders.stream()
                        .flatMap(name -> summary(row, name, metric).stream())
                        .map(Summary::median);
        return metric.moreIsBetter ? medians.max(Double::compare) : medians.min(Double::compare);
    }

    /** The lowest median throughput of a row. */
    double slowest(String row) {
        return samples.stream()
                .filter(sample -> sample.row.equals(row) && sample.metric == Metric.THROUGHPUT)
                .map(Sample::contender)
                .distinct()
                .flatMap(name -> summary(row, name, Metric.THROUGHPUT).stream())
                .mapToDouble(Summary::median)
                .min()
                .orElseThrow();
    }
}
