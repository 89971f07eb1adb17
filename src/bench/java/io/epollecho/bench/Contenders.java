package io.epollecho.bench;

import io.epollecho.bench.Contender.Kind;
import io.epollecho.bench.Options.InvalidOptionException;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import io.netty.handler.ssl.OpenSsl;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The contenders of the benchmark. */
final class Contenders {

    /** The reference for all rows without TLS. */
    static final String C = "c";

    static final String C_AGAIN = "c-again";
    static final String C_URING = "c-io_uring";

    /** This project's server without Spring. */
    static final String PLAIN = "epoll-edge";

    static final String SPRING = "spring-boot";

    /** The runnable jar of an earlier build, to compare with this build. */
    static final String BASELINE = "baseline";

    /** This project's server with TLS. */
    static final String TLS = "tls-epoll-edge";

    static final String TLS_AGAIN = "tls-again";

    /** The reference for all rows with TLS. */
    static final String TLS_NETTY = "tls-netty-epoll";

    static final int MAX_CONNECTIONS = 19_500;

    /** Microseconds for which contenders of kind BUSY poll before they sleep. */
    static final String BUSY_MICROS = "10000";

    /** The same JVM options for all. They allow Unsafe, without which Netty would be slower. */
    private static final List<String> JAVA =
            List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx1g",
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow");

    private Contenders() {}

    static List<Contender> all(Path work) throws IOException {
        Path certificate = work.resolve("server.p12");
        Certificate.create(certificate);
        Contender c = c(C, work, "echo.c");
        var all = new ArrayList<Contender>();
        all.add(c);
        all.add(c.as(C_AGAIN)); // shows the noise of the measurements
        all.add(c(C_URING, work, "echo_uring.c"));
        all.add(java(PLAIN, PlainServer.class, "edge"));
        all.add(java("epoll-level", PlainServer.class, "level"));
        all.add(java("jdk-level", PlainServer.class, "jdk"));
        all.add(spring(SPRING, System.getProperty("bench.exec-jar")));
        all.add(java("netty-epoll", NettyServer.class, "epoll", Epoll.unavailabilityCause()));
        all.add(
                java(
                        "netty-io_uring",
                        NettyServer.class,
                        "io_uring",
                        IoUring.unavailabilityCause()));
        all.add(java("netty-nio", NettyServer.class, "nio"));
        all.add(virtualThreads());
        baseline().ifPresent(all::add);

        all.add(c("c-busy", work, "echo.c", BUSY_MICROS).of(Kind.BUSY));
        all.add(java("epoll-busy", PlainServer.class, PlainServer.BUSY).of(Kind.BUSY));

        Contender tls = tls(TLS, PlainServer.class, "edge", certificate);
        all.add(tls);
        all.add(tls.as(TLS_AGAIN));
        all.add(tls(TLS_NETTY, NettyServer.class, "epoll", certificate, "JDK"));
        all.add(tls("tls-netty-nio", NettyServer.class, "nio", certificate, "JDK"));
        all.add(tls("tls-netty-openssl", NettyServer.class, "epoll", certificate, "OPENSSL"));
        return all;
    }

    private static Contender java(String name, Class<?> main, String transport) {
        return java(name, main, transport, null);
    }

    private static Contender java(
            String name, Class<?> main, String transport, @Nullable Throwable unavailable) {
        return new Contender(
                name,
                Kind.PLAIN,
                (ports, loops) ->
                        main(main, transport, String.valueOf(ports.plain()), String.valueOf(loops)),
                2,
                true,
                Optional.ofNullable(unavailable).map(Throwable::toString));
    }

    /** All TLS contenders depend on OpenSSL, because the client uses it. */
    private static Contender tls(
            String name, Class<?> main, String transport, Path certificate, String... more) {
        return new Contender(
                name,
                Kind.TLS,
                (ports, loops) -> {
                    List<String> line =
                            main(
                                    main,
                                    transport,
                                    String.valueOf(ports.plain()),
                                    String.valueOf(loops),
                                    String.valueOf(ports.tls()),
                                    certificate.toString());
                    line.addAll(List.of(more));
                    return line;
                },
                1,
                true,
                Optional.ofNullable(OpenSsl.unavailabilityCause()).map(Throwable::toString));
    }

    private static Contender spring(String name, String execJar) {
        return new Contender(
                name,
                Kind.PLAIN,
                (ports, loops) -> {
                    var line = new ArrayList<>(JAVA);
                    line.addAll(
                            List.of(
                                    "-jar",
                                    execJar,
                                    "--server.port=0",
                                    "--echo.server.connections.max=" + MAX_CONNECTIONS,
                                    "--echo.server.port=" + ports.plain(),
                                    "--echo.server.event-loops=" + loops));
                    return line;
                },
                2,
                true,
                Optional.empty());
    }

    private static Optional<Contender> baseline() {
        String execJar = System.getProperty("bench.baseline", "");
        if (execJar.isBlank()) {
            return Optional.empty();
        }
        if (!Files.isRegularFile(Path.of(execJar))) {
            throw new InvalidOptionException(
                    "bench.baseline is '%s', which is not a file.".formatted(execJar));
        }
        return Optional.of(spring(BASELINE, execJar));
    }

    private static Contender virtualThreads() {
        return new Contender(
                "virtual-threads",
                Kind.PLAIN,
                (ports, _) -> {
                    var line = main(VirtualThreadServer.class, String.valueOf(ports.plain()));
                    line.addAll(
                            1,
                            List.of(
                                    "-Djdk.virtualThreadScheduler.parallelism=1",
                                    "-Djdk.virtualThreadScheduler.maxPoolSize=1"));
                    return line;
                },
                1,
                true,
                Optional.empty());
    }

    private static List<String> main(Class<?> main, String... args) {
        var line = new ArrayList<>(JAVA);
        line.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        line.addAll(List.of(args));
        return line;
    }

    /** Returns the command line of the client. */
    static List<String> client() {
        return main(Client.class);
    }

    private static Contender c(String name, Path work, String source, String... more) {
        Path file = Path.of(System.getProperty("bench.c")).resolveSibling(source);
        String binary = work.resolve(source.replace(".c", "")).toString();
        Contender.Command command =
                (ports, _) -> {
                    var line = new ArrayList<>(List.of(binary, String.valueOf(ports.plain())));
                    line.addAll(List.of(more));
                    return line;
                };
        return new Contender(name, Kind.PLAIN, command, 1, false, compileC(file, binary));
    }

    /** Compiles a C server, or returns the reason if that fails. */
    private static Optional<String> compileC(Path source, String binary) {
        try {
            int exitCode =
                    new ProcessBuilder("cc", "-O2", "-o", binary, source.toString())
                            .inheritIO()
                            .start()
                            .waitFor();
            return exitCode == 0
                    ? Optional.empty()
                    : Optional.of("cc failed with exit code " + exitCode);
        } catch (IOException e) {
            return Optional.of("no C compiler: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of("interrupted");
        }
    }
}
