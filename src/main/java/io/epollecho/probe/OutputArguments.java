package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The options of the command line that concern what is reported, and where. */
final class OutputArguments {

    @Option(
            names = "--interval",
            paramLabel = "TIME",
            description = "Write a line for each interval to standard output, such as 1s.")
    private @Nullable Duration interval;

    @Option(
            names = "--json",
            description = "Write the summary, and lines of intervals, as JSON; times in ns.")
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
            description = "Write the latency of each interval in HdrHistogram's log format.")
    private @Nullable Path histogram;

    @Option(
            names = "--metrics-port",
            paramLabel = "PORT",
            description = "Serve metrics to Prometheus at /metrics of this port while it runs.")
    private @Nullable Integer metricsPort;

    /** Returns the interval after which something is to be reported. */
    Duration interval() {
        return interval == null ? ProbeOptions.DEFAULT_INTERVAL : interval;
    }

    /** Returns the report as it is to be written. */
    String format(ProbeReport report) {
        return json ? new JsonReport(figures()).of(report) : new TextReport(figures()).of(report);
    }

    private Percentiles figures() {
        return new Percentiles(percentiles);
    }

    /** Checks the values. */
    void validate() {
        for (BigDecimal percentile : percentiles) {
            if (percentile.signum() <= 0 || percentile.compareTo(BigDecimal.valueOf(100)) >= 0) {
                throw new InvalidOptionException(
                        "percentiles", percentile, "give numbers above 0 and below 100");
            }
        }
        if (metricsPort != null && (metricsPort < 1 || metricsPort > 65_535)) {
            throw new InvalidOptionException("metrics-port", metricsPort, "give 1 to 65535");
        }
    }

    /** Opens all outputs but the summary. */
    Outputs open(PrintWriter out, PrintWriter err, boolean terminal, int connections) {
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
                outputs.add(metrics, server(metricsPort, metrics)::close);
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
