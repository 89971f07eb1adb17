package io.epollecho.spring;

import io.epollecho.server.EchoServer;

/**
 * An event loop of the echo server died of an unexpected error, and the server closed all its
 * connections. Published on the thread that died.
 *
 * @param server the server; {@link EchoServer#failure()} tells what the loop died of
 */
public record EchoServerFailedEvent(EchoServer server) {}
