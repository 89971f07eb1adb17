/**
 * The echo server (RFC 862 over TCP).
 *
 * <p>{@link io.epollecho.server.EchoServer} is the way in. Inside, a run of the server has
 * listening sockets and one or more event loops. An acceptor takes connections from a listening
 * socket, admits them and gives each of them to one loop, on which it lives and ends. Which
 * selector the loops have, and whether it triggers on levels or on edges, is the choice of a {@link
 * io.epollecho.server.SelectorBackend}, the only class here that knows the epoll provider.
 */
@NullMarked
package io.epollecho.server;

import org.jspecify.annotations.NullMarked;
