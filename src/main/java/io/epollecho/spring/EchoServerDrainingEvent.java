package io.epollecho.spring;

import io.epollecho.server.EchoServer;

/**
 * The echo server accepts no more connections and lets those that are open come to an end.
 *
 * @param server the server
 */
public record EchoServerDrainingEvent(EchoServer server) {}
