package io.epollecho.probe;

/** A listener that writes a line of JSON for each interval and each outage. */
final class JsonLines implements ProbeListener {

    private final StandardOutput out;
    private final JsonReport format;

    JsonLines(StandardOutput out, JsonReport format) {
        this.out = out;
        this.format = format;
    }

    @Override
    public void interval(ProbeInterval interval) {
        if (interval.complete()) {
            out.line(format.of(interval));
        }
    }

    @Override
    public void outageBegan(Outage outage) {
        out.line(format.of(outage));
    }

    @Override
    public void outageEnded(Outage outage) {
        out.line(format.of(outage));
    }
}
