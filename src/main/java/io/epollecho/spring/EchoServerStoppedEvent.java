package io.epollecho.spring;

import io.epollecho.server.EchoServer;

/**
 * Published when the echo server has closed its selectors and channels and its threads have ended.
 *
 * @param server the server
 */
public record EchoServerStoppedEvent(EchoServer server) {}
