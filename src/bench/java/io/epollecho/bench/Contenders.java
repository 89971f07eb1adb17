package io.epollecho.bench;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Who takes part. */
final class Contenders {

    /** The yardstick. */
    static final String C = "c";

    /** Against what it is wrapped in. */
    static final String PLAIN = "epoll-edge";

    static final String SPRING = "spring-boot";

    /** The runnable jar of an earlier build, for comparison with that of this build. */
    static final String BASELINE = "baseline";

    static final int MAX_CONNECTIONS = 15_000;

    /** The same for all, and as Netty wants it: it is slower where it must do without Unsafe. */
    private static final List<String> JAVA =
            List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx1g",
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow");

    private Contenders() {}

    static List<Contender> all(Path work) {
        Optional<String> noC = compileC(work);
        Contender.Command c = (port, _) -> List.of(cBinary(work), String.valueOf(port));
        List<Contender> always =
                List.of(
                        new Contender(C, c, 1, false, noC),
                        new Contender("c-again", c, 1, false, noC), // the noise floor
                        java(PLAIN, PlainServer.class, "edge"),
                        java("epoll-level", PlainServer.class, "level"),
                        java("jdk-level", PlainServer.class, "jdk"),
                        spring(SPRING, System.getProperty("bench.exec-jar")),
                        java(
                                "netty-epoll",
                                NettyServer.class,
                                "epoll",
                                Epoll.unavailabilityCause()),
                        java(
                                "netty-io_uring",
                                NettyServer.class,
                                "io_uring",
                                IoUring.unavailabilityCause()),
                        java("netty-nio", NettyServer.class, "nio"),
                        virtualThreads());
        return Stream.concat(always.stream(), baseline().stream()).toList();
    }

    private static Contender java(String name, Class<?> main, String transport) {
        return java(name, main, transport, null);
    }

    private static Contender java(
            String name, Class<?> main, String transport, @Nullable Throwable unavailable) {
        return new Contender(
                name,
                (port, loops) -> main(main, transport, String.valueOf(port), String.valueOf(loops)),
                2,
                true,
                Optional.ofNullable(unavailable).map(Throwable::toString));
    }

    private static Contender spring(String name, String execJar) {
        return new Contender(
                name,
                (port, loops) -> {
                    var line = new ArrayList<>(JAVA);
                    line.addAll(
                            List.of(
                                    "-jar",
                                    execJar,
                                    "--server.port=0",
                                    "--echo.server.connections.max=" + MAX_CONNECTIONS,
                                    "--echo.server.port=" + port,
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
            throw new IllegalArgumentException("bench.baseline is not a file: " + execJar);
        }
        return Optional.of(spring(BASELINE, execJar));
    }

    private static Contender virtualThreads() {
        return new Contender(
                "virtual-threads",
                (port, _) -> {
                    var line = main(VirtualThreadServer.class, String.valueOf(port));
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

    /** The command line of the client. */
    static List<String> client() {
        return main(Client.class);
    }

    private static String cBinary(Path work) {
        return work.resolve("echo-c").toString();
    }

    /** Returns why there is no C server. */
    private static Optional<String> compileC(Path work) {
        try {
            int exitCode =
                    new ProcessBuilder(
                                    "cc", "-O2", "-o", cBinary(work), System.getProperty("bench.c"))
                            .inheritIO()
                            .start()
                            .waitFor();
            return exitCode == 0
                    ? Optional.empty()
                    : Optional.of("cc ended with exit code " + exitCode);
        } catch (IOException e) {
            return Optional.of("no C compiler: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of("interrupted");
        }
    }
}
