package io.epollecho.bench;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.SelectorBackend;
import io.epollecho.server.TriggerMode;

/** This project's server without Spring. Arguments: selector, port, loops. */
final class PlainServer {

    private PlainServer() {}

    static void main(String[] args) {
        EchoServer.start(
                EchoServerConfig.builder()
                        .selector(selector(args[0]))
                        .port(Integer.parseInt(args[1]))
                        .eventLoops(Integer.parseInt(args[2]))
                        .maxConnections(Contenders.MAX_CONNECTIONS)
                        .build());
    }

    private static SelectorBackend selector(String name) {
        return switch (name) {
            case "jdk" -> SelectorBackend.jdk();
            case "level" -> SelectorBackend.epoll(TriggerMode.LEVEL);
            case "edge" -> SelectorBackend.epoll(TriggerMode.EDGE);
            default -> throw new IllegalArgumentException(name);
        };
    }
}
