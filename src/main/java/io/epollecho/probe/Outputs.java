package io.epollecho.probe;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** The listeners of a run and the resources to close after it. */
final class Outputs implements AutoCloseable {

    /** A resource whose {@code close} method throws no checked exception. */
    interface Resource extends AutoCloseable {

        @Override
        void close();
    }

    private final List<ProbeListener> listeners = new ArrayList<>();
    private final Deque<Resource> resources = new ArrayDeque<>();

    void add(ProbeListener listener) {
        listeners.add(listener);
    }

    void add(ProbeListener listener, Resource resource) {
        listeners.add(listener);
        resources.push(resource);
    }

    Listeners listeners() {
        return new Listeners(listeners);
    }

    @Override
    public void close() {
        resources.forEach(Resource::close);
    }
}
