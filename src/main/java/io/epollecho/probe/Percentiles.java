package io.epollecho.probe;

import org.HdrHistogram.Histogram;

import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The figures that describe latency: minimum, mean, percentiles and maximum. */
final class Percentiles {

    static final List<BigDecimal> DEFAULT =
            List.of(
                    new BigDecimal("50"),
                    new BigDecimal("90"),
                    new BigDecimal("99"),
                    new BigDecimal("99.9"),
                    new BigDecimal("99.99"));

    private final List<BigDecimal> percentiles;

    Percentiles(List<BigDecimal> percentiles) {
        this.percentiles = List.copyOf(percentiles);
    }

    /** Returns the figures by name, in nanoseconds; empty if nothing was measured. */
    Map<String, Long> of(Histogram latency) {
        Map<String, Long> figures = new LinkedHashMap<>();
        if (latency.getTotalCount() > 0) {
            figures.put("min", latency.getMinValue());
            figures.put("mean", Math.round(latency.getMean()));
            for (BigDecimal percentile : percentiles) {
                figures.put(
                        "p" + percentile.toPlainString(),
                        latency.getValueAtPercentile(percentile.doubleValue()));
            }
            figures.put("max", latency.getMaxValue());
        }
        return figures;
    }
}
