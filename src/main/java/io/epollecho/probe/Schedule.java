package io.epollecho.probe;

/**
 * A schedule that decides which messages are due. Each connection consults it before it sends.
 * Connections and messages are numbered from 0.
 */
sealed interface Schedule permits ClosedLoop, OpenLoop {

    /** Begins the schedule with the given number of connections. */
    void begin(long now, int connections);

    /** Advances to the given time. Messages due later are not granted until the next call. */
    void advance(long now);

    /** Ends the warm-up; messages due until now do not count as planned. */
    void measure();

    /** Ends the schedule; no further message becomes due. */
    void end();

    /**
     * Returns the number of messages that a connection may send now.
     *
     * @param begun the number of messages that it has already begun
     * @param atMost the upper limit of the result
     */
    int grant(int connection, long begun, int atMost);

    /**
     * Skips the messages that are due on a connection, and returns the number of messages that then
     * count as begun.
     */
    long skip(int connection, long begun);

    /**
     * Returns the number of messages that are due on a connection since the warm-up but not begun.
     */
    long queued(int connection, long begun);

    /** Returns the time at which a message that is granted or due was due. */
    long plannedAt(int connection, long message, long now);

    /**
     * Returns the number of messages that have become due since the warm-up. In a closed loop with
     * a count, all of them are due from the beginning.
     */
    long planned();

    /** Returns whether all messages of the run have been granted or are due. */
    boolean exhausted();
}
