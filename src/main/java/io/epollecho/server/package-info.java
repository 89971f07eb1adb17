/**
 * The echo server (RFC 862 over TCP).
 *
 * <p>{@link io.epollecho.server.EchoServer} is the entry point. Internally, a run of the server has
 * listening sockets and one or more event loops. An acceptor accepts connections from a listening
 * socket, admits them and assigns each one to an event loop, which serves it until it closes. A
 * {@link io.epollecho.server.SelectorBackend} determines which selector the loops use and whether
 * it is level-triggered or edge-triggered. It is the only class in this package that knows the
 * epoll provider.
 */
@NullMarked
package io.epollecho.server;

import org.jspecify.annotations.NullMarked;
