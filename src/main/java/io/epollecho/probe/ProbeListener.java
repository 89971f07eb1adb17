package io.epollecho.probe;

/** Told by a probe how it goes, on the probe's thread; what takes time here delays the probe. */
public interface ProbeListener {

    /** Tells nobody. */
    ProbeListener NONE = new ProbeListener() {};

    /** The connections are open and the warm-up is over: from here on it is measured. */
    default void measuring() {}

    /** The last message has been sent; late answers still count. */
    default void measured() {}

    /**
     * Once a second from the beginning.
     *
     * @param progress how it stands
     */
    default void progress(ProbeProgress progress) {}
}
