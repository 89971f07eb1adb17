/**
 * The echo server (RFC 862 over TCP), written against {@link java.nio.channels} alone.
 *
 * <p>{@link io.epollecho.server.EchoServer} is the way in. Inside, one or more event loops each own
 * a {@link java.nio.channels.Selector} and a thread; an acceptor takes connections from the
 * listening socket and gives each of them to one loop, on which it lives and dies. Which selector
 * that is, and whether it triggers on levels or on edges, is the choice of a {@link
 * io.epollecho.server.SelectorBackend}; nothing else here depends on it.
 */
@NullMarked
package io.epollecho.server;

import org.jspecify.annotations.NullMarked;
