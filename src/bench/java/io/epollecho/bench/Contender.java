package io.epollecho.bench;

import java.util.List;
import java.util.Optional;

/**
 * A server that takes part.
 *
 * @param name in tables and in {@code -Dbench.contenders}
 * @param command starts it
 * @param loops how many event loops it can be told to run
 * @param jvm whether it runs in one, whose heap can be looked into
 * @param unavailable why it cannot take part here
 */
record Contender(
        String name, Command command, int loops, boolean jvm, Optional<String> unavailable) {

    /** The command line that starts a server. */
    interface Command {

        List<String> line(int port, int loops);
    }

    boolean isNetty() {
        return name.startsWith("netty-");
    }
}
