package io.epollecho.bench;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** All samples of a run. */
final class Results {

    /** One measured value. */
    record Sample(String row, String contender, int round, Metric metric, double value) {}

    /** The median and the quartiles of a metric over all rounds. */
    record Summary(double median, double lower, double upper) {}

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
        return Optional.of(
                new Summary(quantile(values, 0.5), quantile(values, 0.25), quantile(values, 0.75)));
    }

    /** Returns a quantile, interpolated linearly between two values. */
    private static double quantile(List<Double> sorted, double share) {
        double place = share * (sorted.size() - 1);
        int below = (int) place;
        int above = Math.min(below + 1, sorted.size() - 1);
        return sorted.get(below) + (place - below) * (sorted.get(above) - sorted.get(below));
    }

    /** Returns the best median among the given contenders. */
    Optional<Double> best(String row, Metric metric, Collection<String> contenders) {
        var medians =
                contenders.stream()
                        .flatMap(name -> summary(row, name, metric).stream())
                        .map(Summary::median);
        return metric.moreIsBetter ? medians.max(Double::compare) : medians.min(Double::compare);
    }

    /** Returns the lowest median throughput of a row. */
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
