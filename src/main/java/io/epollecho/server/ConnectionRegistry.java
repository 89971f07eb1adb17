package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The open connections of one event loop. Kept apart from the selector's keys, which are lost when
 * it fails. Each connection stores its position, so adding and removing are O(1), and removing
 * allocates nothing.
 */
final class ConnectionRegistry {

    private @Nullable Connection[] connections = new Connection[16];
    private int size;

    int size() {
        return size;
    }

    /** Returns the connection at a position below {@link #size}. */
    @SuppressWarnings("NullAway") // there are connections at all positions below the size
    Connection get(int place) {
        return connections[place];
    }

    void add(Connection connection) {
        if (size == connections.length) {
            connections = Arrays.copyOf(connections, 2 * size);
        }
        connection.setPlace(size);
        connections[size] = connection;
        size++;
    }

    void remove(Connection connection) {
        size--;
        Connection last = get(size);
        connections[size] = null;
        if (last != connection) {
            connections[connection.place()] = last;
            last.setPlace(connection.place());
        }
    }

    /**
     * Visits all connections, newest first. The visitor may remove any connections; then it may
     * visit others twice.
     */
    void forEach(Consumer<Connection> visitor) {
        for (int i = size - 1; i >= 0; i = Math.min(i, size) - 1) {
            visitor.accept(get(i));
        }
    }

    /**
     * Returns the first connections of an order, at most {@code limit}. Positions alone do not tell
     * which connections are new, because removing moves the last one.
     */
    List<Connection> first(ConnectionOrder order, int limit) {
        var first = new PriorityQueue<>(order.ofConnections().reversed());
        for (int i = 0; i < size; i++) {
            first.add(get(i));
            if (first.size() > limit) {
                first.remove(); // the last one of the order
            }
        }
        return first.stream().sorted(order.ofConnections()).toList();
    }

    Stream<Connection> stream() {
        return Arrays.stream(connections, 0, size);
    }
}
