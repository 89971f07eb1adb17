package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.jspecify.annotations.Nullable;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The runnable jar in a separate process, on free ports unless arguments set them. */
public final class RunningJar implements AutoCloseable {

    private static final Duration START = Duration.ofSeconds(60);
    private static final Pattern HTTP = Pattern.compile("Tomcat started on port (\\d+)");
    private static final Pattern UP = Pattern.compile("Started (EpollEchoApplication) in");

    private final Process process;
    private final List<String> log = new CopyOnWriteArrayList<>();
    private final ReentrantLock reading = new ReentrantLock();
    private final Thread reader;

    private RunningJar(List<String> command) throws IOException {
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        reader = Thread.ofVirtual().start(this::readLog);
    }

    /** Starts the jar and waits until it is up. */
    static RunningJar start(String... arguments) throws IOException {
        return start(List.of(), arguments);
    }

    /** Starts the jar by a prefix command and waits until it is up. */
    public static RunningJar start(List<String> prefix, String... arguments) throws IOException {
        RunningJar jar = launch(prefix, arguments);
        try {
            await().atMost(START).until(() -> !jar.process.isAlive() || jar.find(UP) != null);
            assertThat(jar.process.isAlive()).as("%s", jar.log).isTrue();
            return jar;
        } catch (RuntimeException | Error e) {
            jar.close();
            throw e;
        }
    }

    /** Starts the jar by a prefix command and does not wait. */
    static RunningJar launch(List<String> prefix, String... arguments) throws IOException {
        var command = new ArrayList<>(prefix);
        command.add(ChildJvm.java());
        command.add(ChildJvm.QUICK_START);
        String agent = System.getProperty("epoll-echo.coverage-agent", "");
        if (!agent.isBlank()) {
            command.add(agent);
        }
        command.addAll(
                List.of(
                        "-jar",
                        Objects.requireNonNull(System.getProperty("epoll-echo.exec-jar")),
                        "--echo.server.address=127.0.0.1"));
        List<String> given = List.of(arguments);
        if (given.stream().noneMatch(argument -> argument.startsWith("--echo.server.port"))) {
            command.add("--echo.server.port=0");
        }
        if (given.stream().noneMatch(argument -> argument.startsWith("--server.port"))) {
            command.add("--server.port=0");
        }
        command.addAll(given);
        return new RunningJar(command);
    }

    Actuator actuator() {
        return new Actuator(httpPort());
    }

    /** Returns the HTTP port. */
    public int httpPort() {
        return Integer.parseInt(Objects.requireNonNull(find(HTTP)));
    }

    /** Returns the port of the default listener. */
    public int echoPort() {
        return echoPort("default");
    }

    /** Returns the port of a listener. */
    public int echoPort(String listener) {
        return (int) logged("listening on .*:(\\d+) \\(%s,".formatted(listener));
    }

    long pid() {
        return process.pid();
    }

    /** Suspends the process with SIGSTOP, as if the machine were overloaded. */
    void freeze() throws IOException, InterruptedException {
        signal("STOP");
    }

    /** Resumes the process after {@link #freeze}. */
    void thaw() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        var kill = new ProcessBuilder("kill", "-" + name, Long.toString(pid())).inheritIO().start();
        assertThat(kill.waitFor()).as("exit code of kill").isZero();
    }

    /** Stops reading the log until {@link #readOn}, like a blocked console. */
    void holdLog() {
        reading.lock();
    }

    /** Resumes reading the log. Must be called on the thread that called {@link #holdLog}. */
    void readOn() {
        reading.unlock();
    }

    /** Sends SIGTERM. Uses the handle, because {@code Process.destroy} would also close the log. */
    void terminate() {
        process.toHandle().destroy();
    }

    /** Waits until the process exits and its log ends, and returns the exit code. */
    int awaitExit(Duration atMost) throws InterruptedException {
        assertThat(process.waitFor(atMost.toNanos(), TimeUnit.NANOSECONDS))
                .as("exits within %s", atMost)
                .isTrue();
        reader.join();
        return process.exitValue();
    }

    /** Returns the number of log lines that contain the given text. */
    long countLogged(String text) {
        return log.stream().filter(line -> line.contains(text)).count();
    }

    String log() {
        return String.join("\n", log);
    }

    /** Returns the number in the first group of the first log line that matches. */
    long logged(String pattern) {
        return Long.parseLong(Objects.requireNonNull(find(Pattern.compile(pattern)), pattern));
    }

    private @Nullable String find(Pattern pattern) {
        return log.stream()
                .map(pattern::matcher)
                .filter(Matcher::find)
                .map(matcher -> matcher.group(1))
                .findFirst()
                .orElse(null);
    }

    private void readLog() {
        try (BufferedReader lines = process.inputReader()) {
            lines.lines()
                    .forEach(
                            line -> {
                                reading.lock();
                                try {
                                    log.add(line);
                                } finally {
                                    reading.unlock();
                                }
                            });
        } catch (IOException | UncheckedIOException e) {
            log.add("Reading the log failed: " + e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
