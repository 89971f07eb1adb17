package io.epollecho.server;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The open connections of one event loop. The selector's key set cannot replace it: it is lost with
 * the selector, and the connections must still be closed then. Each connection stores its position,
 * so adding and removing are O(1).
 */
final class ConnectionRegistry {

    private final List<Connection> connections = new ArrayList<>();

    int size() {
        return connections.size();
    }

    void add(Connection connection) {
        connection.setPlace(connections.size());
        connections.add(connection);
    }

    void remove(Connection connection) {
        Connection last = connections.removeLast();
        if (last != connection) {
            connections.set(connection.place(), last);
            last.setPlace(connection.place());
        }
    }

    /**
     * Visits all connections, newest first. The visitor may remove any connections; then it may
     * visit others twice.
     */
    void forEach(Consumer<Connection> visitor) {
        for (int i = connections.size() - 1; i >= 0; i = Math.min(i, connections.size()) - 1) {
            visitor.accept(connections.get(i));
        }
    }

    /** Returns the newest connections, at most {@code limit}. */
    List<Connection> newest(int limit) {
        int size = connections.size();
        return List.copyOf(connections.subList(Math.max(0, size - limit), size)).reversed();
    }

    /** Returns the connections that have moved the most bytes, at most {@code limit}. */
    List<Connection> busiest(int limit) {
        var busiest =
                new PriorityQueue<Connection>(Comparator.comparingLong(Connection::bytesMoved));
        for (Connection connection : connections) {
            busiest.add(connection);
            if (busiest.size() > limit) {
                busiest.remove(); // the least busy connection
            }
        }
        return List.copyOf(busiest);
    }

    Stream<Connection> stream() {
        return connections.stream();
    }
}
