package io.epollecho.bench;

import io.epollecho.epoll.EpollSelectorProvider;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.Transport;
import io.epollecho.server.TriggerMode;

/** This project's server without Spring. Arguments: transport, port, loops. */
final class PlainServer {

    private PlainServer() {}

    static void main(String[] args) {
        EchoServer.start(
                EchoServerConfig.builder()
                        .transport(transport(args[0]))
                        .port(Integer.parseInt(args[1]))
                        .eventLoops(Integer.parseInt(args[2]))
                        .maxConnections(Contenders.MAX_CONNECTIONS)
                        .build());
    }

    private static Transport transport(String name) {
        return switch (name) {
            case "jdk" -> Transport.jdk();
            case "level" ->
                    new Transport(
                            "epoll", EpollSelectorProvider.levelTriggered(), TriggerMode.LEVEL);
            case "edge" ->
                    new Transport("epoll", EpollSelectorProvider.edgeTriggered(), TriggerMode.EDGE);
            default -> throw new IllegalArgumentException(name);
        };
    }
}
