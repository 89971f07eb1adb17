package io.epollecho.server;

import io.epollecho.loop.Counter;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * The counters for the connections of one listener on one event loop during one run of the server.
 * Written only by that loop's thread; read by any thread.
 */
final class ListenerCounters {

    final Counter accepted = new Counter();
    final Counter acceptErrors = new Counter();
    final Counter bytesReceived = new Counter();
    final Counter bytesSent = new Counter();
    final Counter pendingBytes = new Counter();
    final Counter connectionNanos = new Counter();
    final Counter handshakes = new Counter();
    final Counter handshakeNanos = new Counter();
    private final Map<CloseReason, Counter> closed = counters(CloseReason.class);
    private final Map<RejectReason, Counter> rejected = counters(RejectReason.class);
    private final String listener;

    ListenerCounters(String listener) {
        this.listener = listener;
    }

    /** Returns the listener's name. */
    String listener() {
        return listener;
    }

    Counter closed(CloseReason reason) {
        return Objects.requireNonNull(closed.get(reason));
    }

    Counter rejected(RejectReason reason) {
        return Objects.requireNonNull(rejected.get(reason));
    }

    private static <E extends Enum<E>> Map<E, Counter> counters(Class<E> reasons) {
        var counters = new EnumMap<E, Counter>(reasons);
        for (E reason : reasons.getEnumConstants()) {
            counters.put(reason, new Counter());
        }
        return counters;
    }
}
