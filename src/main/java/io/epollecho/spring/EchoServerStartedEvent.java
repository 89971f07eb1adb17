package io.epollecho.spring;

import io.epollecho.server.EchoServer;

/**
 * The echo server accepts connections, for the first time or again.
 *
 * @param server the server; its address is bound
 */
public record EchoServerStartedEvent(EchoServer server) {}
