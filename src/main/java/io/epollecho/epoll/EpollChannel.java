package io.epollecho.epoll;

/** A channel as a selector sees it. */
sealed interface EpollChannel permits EpollServerSocketChannel, EpollSocketChannel {

    /**
     * In a result of {@link #readyOps}, of an edge: the state of the channel could not use all that
     * was reported, so the kernel has to look again at the next selection.
     */
    int LOOK_AGAIN = 1 << 30;

    /**
     * In a result of {@link #readyOps}, of an edge: as {@link #LOOK_AGAIN}, unless the channel is
     * drained by then or not to be read.
     */
    int LOOK_AGAIN_UNLESS_DRAINED = 1 << 29;

    /** Returns the socket that is registered with epoll. */
    TcpSocket tcpSocket();

    /**
     * Returns the operations of the interest set that the events make ready. An error or a hang-up
     * makes all of them ready: whichever is tried next reports what has happened.
     */
    int readyOps(int events, int interestOps);

    /**
     * Returns whether a read has found nothing since the last {@link #LOOK_AGAIN_UNLESS_DRAINED}.
     */
    boolean isDrained();

    /**
     * Refuses blocking mode. {@code java.nio} creates channels in blocking mode; here that means
     * only that nothing has been configured yet, as the sockets are non-blocking from the start.
     */
    static void refuseBlocking(boolean block) {
        if (block) {
            throw new UnsupportedOperationException("Blocking mode is not supported");
        }
    }
}
