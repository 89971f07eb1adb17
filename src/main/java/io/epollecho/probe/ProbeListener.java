package io.epollecho.probe;

/** Follows a probe, on the probe's thread. A listener that takes time delays the probe. */
public interface ProbeListener {

    /** Ignores everything. */
    ProbeListener NONE = new ProbeListener() {};

    /** Called when the connections are open and the warm-up is over. */
    default void measuring() {}

    /** Called when the last message has been sent. Late answers still count. */
    default void measured() {}

    /**
     * Called at the end of each interval, and at the end of the run.
     *
     * @param interval the interval
     */
    default void interval(ProbeInterval interval) {}

    /**
     * Called when the first connection is down.
     *
     * @param outage the outage, which is not over
     */
    default void outageBegan(Outage outage) {}

    /**
     * Called when all connections are usable again.
     *
     * @param outage the outage
     */
    default void outageEnded(Outage outage) {}
}
