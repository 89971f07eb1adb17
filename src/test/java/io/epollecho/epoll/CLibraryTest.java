package io.epollecho.epoll;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Checks the numbers and offsets that this package passes to the kernel against the headers of the
 * C library, for this machine and, with a cross compiler and an emulator, for aarch64.
 */
class CLibraryTest {

    private static final int PATIENCE_SECONDS = 60;

    private static final String HEADERS =
            Stream.of(
                            "errno.h",
                            "netinet/in.h",
                            "netinet/tcp.h",
                            "stddef.h",
                            "stdio.h",
                            "sys/epoll.h",
                            "sys/eventfd.h",
                            "sys/socket.h",
                            "sys/uio.h")
                    .map("#include <%s>\n"::formatted)
                    .collect(Collectors.joining("", "#define _GNU_SOURCE\n", ""));

    record Target(String architecture, List<String> compiler, List<String> emulator) {

        /** Skips the test and prints the reason if a tool is missing. */
        private void require() {
            Stream.of(compiler, emulator)
                    .filter(command -> !command.isEmpty())
                    .map(List::getFirst)
                    .filter(tool -> !onPath(tool))
                    .findFirst()
                    .ifPresent(
                            tool -> {
                                System.out.println(
                                        "CLibraryTest skips " + this + ": missing " + tool);
                                abort("no " + tool);
                            });
        }

        private static boolean onPath(String tool) {
            return Stream.of(System.getenv("PATH").split(":", -1))
                    .anyMatch(directory -> Files.isExecutable(Path.of(directory, tool)));
        }
    }

    static Stream<Target> targets() {
        return Stream.of(
                new Target(System.getProperty("os.arch"), List.of("gcc"), List.of()),
                new Target(
                        "aarch64",
                        List.of("aarch64-linux-gnu-gcc", "-static"),
                        List.of("qemu-aarch64")));
    }

    @ParameterizedTest
    @MethodSource("targets")
    void numbersAndOffsetsMatchTheHeaders(Target target, @TempDir Path directory) throws Exception {
        target.require();
        Map<String, Long> expected = expected(target.architecture);
        assertThat(print(target, directory, expected.keySet().stream().toList()))
                .isEqualTo(expected);
    }

    /** Returns the value of each C expression according to this package. */
    private static Map<String, Long> expected(String architecture) throws Exception {
        var values = new LinkedHashMap<String, Long>();
        for (Class<?> constants : List.of(Libc.class, Errno.class, EpollEvents.class)) {
            for (Field field : constants.getDeclaredFields()) {
                if (field.getType() == int.class && Modifier.isStatic(field.getModifiers())) {
                    values.put(field.getName(), (long) field.getInt(null));
                }
            }
        }
        assertThat(values).hasSizeGreaterThan(35);
        addOptions(values);
        addStructures(values, EpollEvents.Layout.of(architecture));
        return values;
    }

    private static void addOptions(Map<String, Long> values) {
        addOption(values, "SOL_SOCKET", "SO_ERROR", SocketOptions.ERROR);
        addOption(values, "SOL_SOCKET", "SO_LINGER", SocketOptions.LINGER);
        addOption(values, "IPPROTO_IP", "IP_TOS", SocketOptions.TOS);
        addOption(values, "IPPROTO_IPV6", "IPV6_TCLASS", SocketOptions.TRAFFIC_CLASS);
        addOption(values, "IPPROTO_IPV6", "IPV6_V6ONLY", SocketOptions.IPV6_ONLY);
        SocketOptions.KEYS.forEach(
                (option, key) -> addOption(values, level(option), option.name(), key));
    }

    private static String level(SocketOption<?> option) {
        if (option.equals(StandardSocketOptions.TCP_NODELAY)) {
            return "IPPROTO_TCP";
        }
        return option.equals(StandardSocketOptions.IP_TOS) ? "IPPROTO_IP" : "SOL_SOCKET";
    }

    private static void addOption(
            Map<String, Long> values, String level, String name, SocketOptions.Key key) {
        values.put(level, (long) key.level());
        values.put(name, (long) key.name());
    }

    private static void addStructures(Map<String, Long> values, EpollEvents.Layout layout) {
        var events = new EpollEvents(layout, 2);
        values.put("sizeof(struct epoll_event)", events.memory().byteSize() / 2);
        values.put("offsetof(struct epoll_event, data)", dataOffset(events));
        values.put("sizeof(struct sockaddr_in)", (long) Sockaddr.SIZE_INET);
        values.put("sizeof(struct sockaddr_in6)", (long) Sockaddr.SIZE_INET6);
        // As in Sockaddr.
        values.put("offsetof(struct sockaddr_in, sin_port)", 2L);
        values.put("offsetof(struct sockaddr_in, sin_addr)", 4L);
        values.put("offsetof(struct sockaddr_in6, sin6_port)", 2L);
        values.put("offsetof(struct sockaddr_in6, sin6_addr)", 8L);
        values.put("offsetof(struct sockaddr_in6, sin6_scope_id)", 24L);
        // As in ThreadMemory.
        values.put("sizeof(struct iovec)", 16L);
        values.put("offsetof(struct iovec, iov_len)", 8L);
        values.put("offsetof(struct msghdr, msg_iov)", 16L);
        values.put("offsetof(struct msghdr, msg_iovlen)", 24L);
        values.put("sizeof(struct msghdr)", 56L);
        values.put("sizeof(socklen_t)", 4L);
        values.put("offsetof(struct linger, l_linger)", 4L);
        values.put("sizeof(struct linger)", 8L);
        values.put("sizeof(size_t)", 8L);
    }

    private static long dataOffset(EpollEvents events) {
        events.set(0, 0, -1);
        MemorySegment memory = events.memory();
        long offset = 0;
        while (memory.get(ValueLayout.JAVA_BYTE, offset) == 0) {
            offset++;
        }
        return offset;
    }

    /** Compiles and runs a C program for the target and returns the values that it prints. */
    private static Map<String, Long> print(Target target, Path directory, List<String> expressions)
            throws Exception {
        Path source = directory.resolve("print.c");
        Path program = directory.resolve("print");
        Files.writeString(source, program(expressions));
        var compile = new ArrayList<>(target.compiler);
        compile.addAll(List.of("-o", program.toString(), source.toString()));
        run(compile);
        var command = new ArrayList<>(target.emulator);
        command.add(program.toString());
        List<String> lines = run(command).lines().toList();
        assertThat(lines).hasSameSizeAs(expressions);
        var values = new LinkedHashMap<String, Long>();
        for (int i = 0; i < expressions.size(); i++) {
            values.put(expressions.get(i), Long.valueOf(lines.get(i)));
        }
        return values;
    }

    /** The program prints the values as int, which is the type of this package's constants. */
    private static String program(List<String> expressions) {
        return expressions.stream()
                .map("    printf(\"%%d\\n\", (int) (%s));\n"::formatted)
                .collect(Collectors.joining("", HEADERS + "int main(void) {\n", "}\n"));
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            var output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as("%s: %s", command, output).isZero();
            return output;
        } finally {
            process.destroyForcibly();
        }
    }
}
