package io.epollecho.spring;

import io.epollecho.server.EchoServer;

/**
 * Published when the echo server has started, for the first time or again, and accepts connections.
 *
 * @param server the server, whose addresses are bound
 */
public record EchoServerStartedEvent(EchoServer server) {}
