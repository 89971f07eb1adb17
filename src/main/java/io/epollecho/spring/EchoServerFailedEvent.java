package io.epollecho.spring;

import io.epollecho.server.EchoServer;

/**
 * Published when an event loop of the echo server has died of an unexpected error and the server
 * has closed all its connections. Published on the thread of the event loop.
 *
 * @param server the server; {@link EchoServer#failure()} returns the error
 */
public record EchoServerFailedEvent(EchoServer server) {}
