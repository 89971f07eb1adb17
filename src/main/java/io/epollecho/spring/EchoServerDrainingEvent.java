package io.epollecho.spring;

import io.epollecho.server.EchoServer;

/**
 * Published when the echo server begins to drain: it no longer accepts connections, and closes the
 * open connections once their data has been echoed.
 *
 * @param server the server
 */
public record EchoServerDrainingEvent(EchoServer server) {}
