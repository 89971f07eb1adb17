package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;

import org.opentest4j.TestAbortedException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A run of strace(1) on one thread of this process, which records the system calls of an event
 * loop, delays them or makes them fail. Aborts the test with the reason if strace is not available.
 */
public final class Strace implements AutoCloseable {

    private final Process process;
    private final Path output;

    private Strace(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    /** Traces the newest thread with the given name, from its next system call on. */
    public static Strace attach(String threadName, String... options) throws IOException {
        Path output = Files.createTempFile("strace", ".txt");
        var command = new ArrayList<>(List.of("strace", "-o", output.toString()));
        command.addAll(List.of(options));
        command.addAll(List.of("-p", Long.toString(nativeId(threadName))));
        Process process = start(command);
        // The first line on standard error reports success or failure.
        String result = process.errorReader().readLine();
        if (result == null || !result.contains("attached")) {
            process.destroy();
            throw skip("strace cannot trace this process: " + result);
        }
        return new Strace(process, output);
    }

    private static Process start(List<String> command) {
        try {
            return new ProcessBuilder(command).start();
        } catch (IOException e) {
            throw skip("strace is not installed: " + e.getMessage());
        }
    }

    private static TestAbortedException skip(String reason) {
        System.out.println("SKIPPED: " + reason);
        return new TestAbortedException(reason);
    }

    private static long nativeId(String threadName) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        Optional<Path> newest = newestThread(threadName);
        // A thread sets its name itself, so it may not have one yet.
        while (newest.isEmpty() && System.nanoTime() < deadline) {
            Thread.onSpinWait();
            newest = newestThread(threadName);
        }
        return Long.parseLong(newest.orElseThrow().getFileName().toString());
    }

    private static Optional<Path> newestThread(String name) throws IOException {
        try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
            return threads.filter(thread -> read(thread, "comm").strip().equals(name))
                    .max(Comparator.comparingLong(Strace::startTime));
        }
    }

    /** Returns the start time in clock ticks, the twentieth field after the name, see proc(5). */
    private static long startTime(Path thread) {
        String stat = read(thread, "stat");
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
        return fields.length < 20 ? 0 : Long.parseLong(fields[19]);
    }

    private static String read(Path thread, String file) {
        try {
            return Files.readString(thread.resolve(file));
        } catch (IOException e) {
            return ""; // the thread has exited in the meantime
        }
    }

    /** Detaches from the thread and returns the trace, with one line per system call. */
    public List<String> detach() throws IOException {
        close();
        return Files.readAllLines(output);
    }

    @Override
    public void close() {
        process.destroy();
        try {
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("strace has exited").isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
