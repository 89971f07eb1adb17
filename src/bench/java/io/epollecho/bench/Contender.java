package io.epollecho.bench;

import java.util.List;
import java.util.Optional;

/**
 * A server to be measured.
 *
 * @param name the name in tables and in {@code -Dbench.contenders}
 * @param kind determines the rows in which the server is measured
 * @param command starts the server
 * @param loops the maximum number of event loops
 * @param jvm whether the server runs in a JVM, whose heap can be inspected
 * @param unavailable the reason if the server cannot run on this machine
 */
record Contender(
        String name,
        Kind kind,
        Command command,
        int loops,
        boolean jvm,
        Optional<String> unavailable) {

    enum Kind {
        /** Sleeps when it is idle. */
        PLAIN,
        /** Polls for a while before it sleeps. Measured only with few connections. */
        BUSY,
        /** Uses TLS on one of its two ports. */
        TLS
    }

    /** The ports that a server listens on. The TLS port is 0 if the server does not use TLS. */
    record Ports(int plain, int tls) {}

    /** The command line that starts a server. */
    interface Command {

        List<String> line(Ports ports, int loops);
    }

    Contender as(String otherName) {
        return new Contender(otherName, kind, command, loops, jvm, unavailable);
    }

    Contender of(Kind otherKind) {
        return new Contender(name, otherKind, command, loops, jvm, unavailable);
    }

    boolean isNetty() {
        return name.contains("netty-");
    }

    boolean isOpenSsl() {
        return name.endsWith("-openssl");
    }
}
