package io.epollecho.probe;

import java.util.List;

/** A listener that forwards every event to several listeners, in order. */
final class Listeners implements ProbeListener {

    private final List<ProbeListener> all;

    Listeners(List<ProbeListener> all) {
        this.all = List.copyOf(all);
    }

    @Override
    public void measuring() {
        all.forEach(ProbeListener::measuring);
    }

    @Override
    public void measured() {
        all.forEach(ProbeListener::measured);
    }

    @Override
    public void interval(ProbeInterval interval) {
        all.forEach(listener -> listener.interval(interval));
    }

    @Override
    public void outageBegan(Outage outage) {
        all.forEach(listener -> listener.outageBegan(outage));
    }

    @Override
    public void outageEnded(Outage outage) {
        all.forEach(listener -> listener.outageEnded(outage));
    }
}
