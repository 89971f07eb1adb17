package io.epollecho.probe;

import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogWriter;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A listener that writes the latency of each interval, in nanoseconds, in the HdrHistogram log
 * format. The maximum in each line is in milliseconds.
 */
final class HistogramLog implements ProbeListener {

    private static final double NANOS_PER_MILLI = 1e6;

    private static final double MILLIS_PER_SECOND = 1e3;

    private final long startedAt = System.currentTimeMillis();
    private final CheckedOutput file;
    private final HistogramLogWriter log;

    HistogramLog(Path path) throws IOException {
        file = new CheckedOutput("--histogram " + path, Files.newOutputStream(path));
        log = new HistogramLogWriter(new PrintStream(file, true, StandardCharsets.UTF_8));
        log.outputLogFormatVersion();
        log.outputStartTime(startedAt);
        log.outputLegend();
        file.check();
    }

    @Override
    public void interval(ProbeInterval interval) {
        Histogram latency = interval.latency();
        log.outputIntervalHistogram(
                seconds(latency.getStartTimeStamp()),
                seconds(latency.getEndTimeStamp()),
                latency,
                NANOS_PER_MILLI);
        file.check();
    }

    private double seconds(long timestamp) {
        return (timestamp - startedAt) / MILLIS_PER_SECOND;
    }

    void close() {
        try {
            file.close();
        } catch (IOException e) {
            file.check();
        }
    }
}
