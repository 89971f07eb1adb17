package io.epollecho.probe;

/**
 * Which messages are due: a connection asks before it sends. Connections and messages count from 0.
 */
sealed interface Schedule permits ClosedLoop, OpenLoop {

    /** The first messages are due, on so many connections. */
    void begin(long now, int connections);

    /** Goes on to the given time. No connection sees more of it than the schedule has been told. */
    void advance(long now);

    /** What was due until now was warm-up. */
    void measure();

    /** No more messages are due than are already. */
    void end();

    /** How many messages a connection that has begun so many is to send now; at most so many. */
    int grant(int connection, long begun, int atMost);

    /**
     * Gives up what is due on a connection that has begun so many. Returns how many it has then.
     */
    long skip(int connection, long begun);

    /** When a message that was granted was due. */
    long plannedAt(int connection, long message, long now);

    /** How many messages have been due since the warm-up. */
    long planned();

    /** All messages there will ever be have been granted or are due. */
    boolean exhausted();
}
