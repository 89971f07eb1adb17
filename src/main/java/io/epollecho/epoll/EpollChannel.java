package io.epollecho.epoll;

/** A channel as a selector sees it. */
sealed interface EpollChannel permits EpollServerSocketChannel, EpollSocketChannel {

    /**
     * A flag in the result of {@link #readyOps}, relevant in edge mode: the channel's current state
     * could not use all reported events, so the kernel must check the channel again at the next
     * selection.
     */
    int LOOK_AGAIN = 1 << 30;

    /**
     * A flag in the result of {@link #readyOps}, relevant in edge mode: like {@link #LOOK_AGAIN},
     * unless the channel is drained by then or its interest set excludes reading.
     */
    int LOOK_AGAIN_UNLESS_DRAINED = 1 << 29;

    /** Returns the socket that is registered with epoll. */
    TcpSocket tcpSocket();

    /**
     * Returns the operations of the interest set that the events make ready. An error or a hang-up
     * makes all of them ready, so that the next operation reports it.
     */
    int readyOps(int events, int interestOps);

    /**
     * Returns whether a read has found no bytes since the last {@link #LOOK_AGAIN_UNLESS_DRAINED}.
     */
    boolean isDrained();

    /**
     * Refuses blocking mode. As {@code java.nio} requires, new channels claim to be in blocking
     * mode, but their sockets are non-blocking from the start.
     */
    static void refuseBlocking(boolean block) {
        if (block) {
            throw new UnsupportedOperationException("Blocking mode is not supported");
        }
    }
}
