package io.epollecho.epoll;

/** What the two kinds of channel have in common, and what a selector needs to know of them. */
sealed interface EpollChannel permits EpollServerSocketChannel, EpollSocketChannel {

    /** The socket that is registered with epoll. */
    TcpSocket tcpSocket();

    /**
     * Which of the operations that the user is interested in the events make ready. An error or a
     * hang-up makes all of them ready: whichever is tried next reports what has happened.
     */
    int readyOps(int events, int interestOps);

    /**
     * Lets a channel become non-blocking, and never blocking again. {@code java.nio} creates
     * channels in blocking mode; here that means only that nothing has been configured yet, as the
     * sockets are non-blocking from birth.
     */
    static void refuseBlocking(boolean block) {
        if (block) {
            throw new UnsupportedOperationException("Blocking mode is not supported");
        }
    }
}
