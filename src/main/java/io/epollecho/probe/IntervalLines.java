package io.epollecho.probe;

import org.HdrHistogram.Histogram;

import java.time.temporal.ChronoUnit;
import java.util.Locale;

/** A listener that writes a human-readable line for each interval and each outage. */
final class IntervalLines implements ProbeListener {

    private static final double MICRO = 1e3;

    private final StandardOutput out;

    IntervalLines(StandardOutput out) {
        this.out = out;
    }

    @Override
    public void interval(ProbeInterval interval) {
        if (interval.complete()) {
            long queued = interval.progress().queued();
            out.line(
                    String.format(
                            Locale.ROOT,
                            "%s  messages/s %.0f%s  connections %d  errors %d%s",
                            interval.end().truncatedTo(ChronoUnit.MILLIS),
                            interval.messagesPerSecond(),
                            latency(interval.latency()),
                            interval.open(),
                            interval.errors(),
                            queued == 0 ? "" : "  queued " + queued));
        }
    }

    private static String latency(Histogram latency) {
        return latency.getTotalCount() == 0
                ? ""
                : String.format(
                        Locale.ROOT,
                        "  latency/us p50 %.1f p99 %.1f max %.1f",
                        latency.getValueAtPercentile(50) / MICRO,
                        latency.getValueAtPercentile(99) / MICRO,
                        latency.getMaxValue() / MICRO);
    }

    @Override
    public void outageBegan(Outage outage) {
        out.line(OutageText.of(outage));
    }

    @Override
    public void outageEnded(Outage outage) {
        out.line(OutageText.of(outage));
    }
}
