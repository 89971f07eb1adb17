package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The command-line options for output. */
final class OutputArguments {

    /** More than the longest run can resolve. */
    private static final int MOST_DECIMALS = 9;

    @Option(
            names = "--interval",
            paramLabel = "TIME",
            description = "Write one line per interval, such as 1s, to standard output.")
    private @Nullable Duration interval;

    @Option(
            names = "--json",
            description = "Write the summary and interval lines as JSON, with times in ns.")
    private boolean json;

    @Option(
            names = "--percentiles",
            split = ",",
            paramLabel = "P",
            description = "Percentiles to show (default: 50,90,99,99.9,99.99).")
    private List<BigDecimal> percentiles = Percentiles.DEFAULT;

    @Option(
            names = "--histogram",
            paramLabel = "FILE",
            description = "Write the latency of each interval in HdrHistogram log format.")
    private @Nullable Path histogram;

    @Option(
            names = "--metrics-port",
            paramLabel = "PORT",
            description = "Serve Prometheus metrics at /metrics on this port during the run.")
    private @Nullable BigInteger metricsPort;

    /** Returns the length of an interval. */
    Duration interval() {
        return interval == null ? ProbeOptions.DEFAULT_INTERVAL : interval;
    }

    /** Returns the report in the requested format. */
    String format(ProbeReport report) {
        return json ? new JsonReport(figures()).of(report) : new TextReport(figures()).of(report);
    }

    private Percentiles figures() {
        return new Percentiles(percentiles);
    }

    /** Validates the options. */
    void validate() {
        for (BigDecimal percentile : percentiles) {
            if (percentile.signum() <= 0
                    || percentile.compareTo(BigDecimal.valueOf(100)) >= 0
                    || percentile.scale() > MOST_DECIMALS) {
                throw new InvalidOptionException(
                        "percentiles",
                        percentile,
                        "must be above 0 and below 100, with at most 9 decimal places");
            }
        }
        if (metricsPort != null) {
            ProbeCommand.port("metrics-port", metricsPort);
        }
    }

    /** Opens all outputs except the summary. */
    Outputs open(StandardOutput out, PrintWriter err, boolean terminal, int connections) {
        var outputs = new Outputs();
        boolean opened = false;
        try {
            if (interval == null) {
                var progress = new ProgressLine(err, terminal);
                outputs.add(progress, progress::close);
            } else if (json) {
                outputs.add(new JsonLines(out, new JsonReport(figures())));
            } else {
                outputs.add(new IntervalLines(out));
            }
            if (histogram != null) {
                HistogramLog log = log(histogram);
                outputs.add(log, log::close);
            }
            if (metricsPort != null) {
                var metrics = new ProbeMetrics(connections);
                outputs.add(metrics, server(metricsPort.intValueExact(), metrics)::close);
            }
            opened = true;
            return outputs;
        } finally {
            if (!opened) {
                outputs.close();
            }
        }
    }

    private static HistogramLog log(Path file) {
        try {
            return new HistogramLog(file);
        } catch (IOException e) {
            throw new InvalidOptionException("histogram", file, "the file cannot be written");
        }
    }

    private static MetricsServer server(int port, ProbeMetrics metrics) {
        try {
            return new MetricsServer(port, metrics);
        } catch (IOException e) {
            throw new InvalidOptionException(
                    "metrics-port", port, "the port cannot be used: " + e.getMessage());
        }
    }
}
