package io.epollecho.server;

import java.util.Comparator;
import java.util.Locale;

/** An order in which the open connections of a server are listed. */
public enum ConnectionOrder {

    /** The connections that were accepted last come first. */
    NEWEST,

    /** The connections that have moved the most bytes in both directions come first. */
    BUSIEST,

    /** The connections on which no byte has moved for the longest time come first. */
    IDLE,

    /** The connections with the most pending bytes come first. */
    PENDING;

    /** Returns the order of connections within one event loop. */
    Comparator<Connection> ofConnections() {
        return switch (this) {
            // Several connections may be accepted at the same time, and then the positions decide.
            case NEWEST ->
                    Comparator.comparingLong(Connection::openedAt)
                            .thenComparingInt(Connection::place)
                            .reversed();
            case BUSIEST -> Comparator.comparingLong(Connection::bytesMoved).reversed();
            case IDLE -> Comparator.comparingLong(Connection::lastMoved);
            case PENDING -> Comparator.comparingInt(Connection::pendingBytes).reversed();
        };
    }

    /** Returns the order of snapshots, which come from several event loops. */
    Comparator<ConnectionInfo> ofInfos() {
        return switch (this) {
            case NEWEST -> Comparator.comparing(ConnectionInfo::age);
            case BUSIEST -> Comparator.comparingLong(ConnectionInfo::bytesMoved).reversed();
            case IDLE -> Comparator.comparing(ConnectionInfo::idle).reversed();
            case PENDING -> Comparator.comparingInt(ConnectionInfo::pendingBytes).reversed();
        };
    }

    /**
     * Returns the name as written in requests.
     *
     * @return the name in lower case
     */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
