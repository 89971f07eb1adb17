package io.epollecho.probe;

/** A listener called on the probe's thread; a slow listener delays the probe. */
public interface ProbeListener {

    /** A listener that ignores all events. */
    ProbeListener NONE = new ProbeListener() {};

    /** Called when the connections are open and the warm-up is over. */
    default void measuring() {}

    /** Called when the last message has been sent. Answers that arrive later still count. */
    default void measured() {}

    /**
     * Called at the end of each interval, and at the end of the run.
     *
     * @param interval the interval
     */
    default void interval(ProbeInterval interval) {}

    /**
     * Called when an outage begins, that is, when the first connection is lost.
     *
     * @param outage the ongoing outage
     */
    default void outageBegan(Outage outage) {}

    /**
     * Called when an outage ends, that is, when all connections are usable again.
     *
     * @param outage the outage
     */
    default void outageEnded(Outage outage) {}
}
