package io.epollecho.bench;

import java.util.List;
import java.util.Optional;

/**
 * A server that takes part.
 *
 * @param name in tables and in {@code -Dbench.contenders}
 * @param kind which rows it is measured in
 * @param command starts it
 * @param loops the most event loops it can run
 * @param jvm whether it runs in one, whose heap can be looked into
 * @param unavailable why it cannot take part here
 */
record Contender(
        String name,
        Kind kind,
        Command command,
        int loops,
        boolean jvm,
        Optional<String> unavailable) {

    enum Kind {
        /** Sleeps when there is nothing to do. */
        PLAIN,
        /** Polls for a while before it sleeps; measured where few connections are open. */
        BUSY,
        /** Speaks TLS on one port, and none on another. */
        TLS
    }

    /** The ports that a server listens on; the one for TLS only if it speaks it. */
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
