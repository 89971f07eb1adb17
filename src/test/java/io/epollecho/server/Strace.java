package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * strace(1) on one thread of this very process: what an event loop really asks of the kernel, and
 * what happens if the kernel says no. Where it cannot be had, the test is aborted with the reason.
 */
final class Strace implements AutoCloseable {

    private final Process process;
    private final Path output;

    private Strace(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    /** Begins to trace the thread, from its next system call on. */
    static Strace attach(String threadName, String... options) throws IOException {
        Path output = Files.createTempFile("strace", ".txt");
        var command = new ArrayList<>(List.of("strace", "-o", output.toString()));
        command.addAll(List.of(options));
        command.addAll(List.of("-p", Long.toString(nativeId(threadName))));
        Process process = start(command);
        // It tells of success on its standard error, in its first line, and of failure too.
        String told = process.errorReader().readLine();
        if (told == null || !told.contains("attached")) {
            process.destroy();
            skip("strace cannot trace this process: " + told);
        }
        return new Strace(process, output);
    }

    private static Process start(List<String> command) {
        try {
            return new ProcessBuilder(command).start();
        } catch (IOException e) {
            return skip("strace is not installed: " + e.getMessage());
        }
    }

    private static <T> T skip(String reason) {
        System.out.println("SKIPPED: " + reason);
        return abort(reason);
    }

    private static long nativeId(String threadName) throws IOException {
        try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
            List<Path> named = threads.filter(thread -> name(thread).equals(threadName)).toList();
            assertThat(named).as("threads named " + threadName).hasSize(1);
            return Long.parseLong(named.getFirst().getFileName().toString());
        }
    }

    private static String name(Path thread) {
        try (var comm = Files.newBufferedReader(thread.resolve("comm"))) {
            return String.valueOf(comm.readLine());
        } catch (IOException e) {
            return ""; // has ended meanwhile
        }
    }

    /** Lets go of the thread and returns what was traced, a line for each system call. */
    List<String> detach() throws IOException {
        close();
        return Files.readAllLines(output);
    }

    @Override
    public void close() {
        process.destroy();
        try {
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("strace has ended").isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
