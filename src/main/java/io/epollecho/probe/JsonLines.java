package io.epollecho.probe;

import java.io.PrintWriter;

/** A listener that writes a line of JSON for each interval and each outage. */
final class JsonLines implements ProbeListener {

    private final PrintWriter out;
    private final JsonReport format;

    JsonLines(PrintWriter out, JsonReport format) {
        this.out = out;
        this.format = format;
    }

    @Override
    public void interval(ProbeInterval interval) {
        if (interval.complete()) {
            out.println(format.of(interval));
            out.flush();
        }
    }

    @Override
    public void outageBegan(Outage outage) {
        out.println(format.of(outage));
    }

    @Override
    public void outageEnded(Outage outage) {
        out.println(format.of(outage));
    }
}
