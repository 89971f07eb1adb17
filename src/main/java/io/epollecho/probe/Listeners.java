package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A listener that forwards every event to several listeners, in order. A listener whose output
 * cannot be written is removed, and the run is stopped.
 */
final class Listeners implements ProbeListener {

    private final List<ProbeListener> all;
    private Runnable stop = () -> {};
    private @Nullable OutputException failure;

    Listeners(List<ProbeListener> all) {
        this.all = new ArrayList<>(all);
    }

    /** Sets the action that ends the run early. */
    void whenFailed(Runnable action) {
        stop = action;
    }

    /**
     * Verifies that all events have been written.
     *
     * @throws OutputException if an output could not be written
     */
    void check() {
        if (failure != null) {
            throw failure;
        }
    }

    private void forward(Consumer<ProbeListener> event) {
        for (ProbeListener listener : List.copyOf(all)) {
            try {
                event.accept(listener);
            } catch (OutputException e) {
                all.remove(listener);
                failure = failure == null ? e : failure;
                stop.run();
            }
        }
    }

    @Override
    public void measuring() {
        forward(ProbeListener::measuring);
    }

    @Override
    public void measured() {
        forward(ProbeListener::measured);
    }

    @Override
    public void interval(ProbeInterval interval) {
        forward(listener -> listener.interval(interval));
    }

    @Override
    public void outageBegan(Outage outage) {
        forward(listener -> listener.outageBegan(outage));
    }

    @Override
    public void outageEnded(Outage outage) {
        forward(listener -> listener.outageEnded(outage));
    }
}
