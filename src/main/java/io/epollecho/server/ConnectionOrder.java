package io.epollecho.server;

import java.util.Comparator;
import java.util.Locale;

/** An order in which the open connections of a server are listed. */
public enum ConnectionOrder {

    /** The connections that were accepted last come first. */
    NEWEST(
            // Several connections may be accepted at the same time, and then the positions decide.
            Comparator.comparingLong(Connection::openedAt)
                    .thenComparingInt(Connection::place)
                    .reversed(),
            Comparator.comparing(ConnectionInfo::age)),

    /** The connections that have moved the most bytes in both directions come first. */
    BUSIEST(
            Comparator.comparingLong(Connection::bytesMoved).reversed(),
            Comparator.comparingLong(ConnectionInfo::bytesMoved).reversed()),

    /** The connections on which no byte has moved for the longest time come first. */
    IDLE(
            Comparator.comparingLong(Connection::lastMoved),
            Comparator.comparing(ConnectionInfo::idle).reversed()),

    /** The connections with the most pending bytes come first. */
    PENDING(
            Comparator.comparingInt(Connection::pendingBytes).reversed(),
            Comparator.comparingInt(ConnectionInfo::pendingBytes).reversed());

    private final Comparator<Connection> ofConnections;
    private final Comparator<ConnectionInfo> ofInfos;

    ConnectionOrder(Comparator<Connection> ofConnections, Comparator<ConnectionInfo> ofInfos) {
        this.ofConnections = ofConnections;
        this.ofInfos = ofInfos;
    }

    /** Returns the order of connections within one event loop. */
    Comparator<Connection> ofConnections() {
        return ofConnections;
    }

    /** Returns the order of snapshots, which come from several event loops. */
    Comparator<ConnectionInfo> ofInfos() {
        return ofInfos;
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
