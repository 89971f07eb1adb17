package io.epollecho.spring;

import io.epollecho.server.EchoServer;

/**
 * The echo server has closed its selectors and channels, and its threads have ended.
 *
 * @param server the server
 */
public record EchoServerStoppedEvent(EchoServer server) {}
