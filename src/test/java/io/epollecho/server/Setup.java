package io.epollecho.server;

import io.epollecho.Build;

import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A combination in which the server can run, and what a scenario runs on.
 *
 * @param backend the selector
 * @param loops the number of event loops
 * @param transport the listeners and the layers between the sockets and the echo
 */
record Setup(Backend backend, int loops, Transport transport) {

    /** The setup that most servers run in, and the one with the most delicate code. */
    static final Setup MAIN = new Setup(Backend.EPOLL_EDGE, 1, Transport.PLAIN);

    private static final List<Backend> BACKENDS = List.of(Backend.values());

    private static final List<Integer> LOOPS = List.of(1, 2);

    private static final List<Transport> TRANSPORTS =
            List.of(Transport.PLAIN, Transport.TLS, Transport.PROXY, Transport.TWO_LISTENERS);

    /**
     * The setups of a build, chosen by the system property {@code test.setups}: {@code fast} unless
     * set.
     */
    enum Selection {
        /**
         * {@link #MAIN}, so that a developer sees most defects within a minute. A test that does
         * not apply to its transport runs over the first to which it does.
         */
        FAST,

        /**
         * Every pair of backend and loops, backend and transport, and transport and loops. A defect
         * that needs a combination nearly always needs only two of the three, and the product has
         * twice as many setups.
         */
        PAIRS,

        /** The product of backends, loops and transports. */
        FULL;

        /** Returns the selection of this build. */
        static Selection current() {
            return valueOf(Build.setups().toUpperCase(Locale.ROOT));
        }

        /** Returns the setups to which a test applies. */
        List<Setup> setups(Predicate<Setup> applies) {
            Stream<Setup> setups = product().filter(applies);
            return switch (this) {
                case FAST -> setups.filter(Setup::isMainButForTheTransport).limit(1).toList();
                case PAIRS -> setups.filter(Setup::isInPairs).toList();
                case FULL -> setups.toList();
            };
        }
    }

    private static Stream<Setup> product() {
        return BACKENDS.stream()
                .flatMap(backend -> LOOPS.stream().flatMap(loops -> on(backend, loops)));
    }

    private static Stream<Setup> on(Backend backend, int loops) {
        return TRANSPORTS.stream().map(transport -> new Setup(backend, loops, transport));
    }

    private boolean isMainButForTheTransport() {
        return backend == MAIN.backend && loops == MAIN.loops;
    }

    /**
     * Each backend meets each transport once, with one loop and two loops alternating as on a
     * chessboard. {@link #MAIN} is on a square with one loop.
     */
    private boolean isInPairs() {
        int square = BACKENDS.indexOf(backend) + TRANSPORTS.indexOf(transport);
        return loops == LOOPS.get(square % LOOPS.size());
    }

    /** The name in reports and for {@code -Dtest=}. */
    @Override
    public String toString() {
        return "%s, %s, %s".formatted(backend, loops == 1 ? "1 loop" : loops + " loops", transport);
    }
}
