package io.epollecho;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/**
 * The figures of a process in {@code /proc}, see proc(5).
 *
 * @param root the directory of the process in {@code /proc}
 */
public record ProcessFigures(Path root) {

    /** USER_HZ is 100 on all supported platforms. */
    private static final long MILLIS_PER_TICK = 10;

    private static final int UTIME = 11;
    private static final int STIME = 12;

    /** Returns the figures of this process. */
    public static ProcessFigures ofThis() {
        return new ProcessFigures(Path.of("/proc/self"));
    }

    /** Returns the figures of another process. */
    public static ProcessFigures of(long pid) {
        return new ProcessFigures(Path.of("/proc", Long.toString(pid)));
    }

    /** Returns the number of open file descriptors. */
    public long descriptors() throws IOException {
        try (Stream<Path> descriptors = Files.list(root.resolve("fd"))) {
            return descriptors.count();
        }
    }

    /** Returns the resident memory in bytes. */
    public long residentBytes() throws IOException {
        try (Stream<String> lines = Files.lines(root.resolve("status"))) {
            String kib = lines.filter(line -> line.startsWith("VmRSS:")).findFirst().orElseThrow();
            return Long.parseLong(kib.replaceAll("\\D", "")) * 1024;
        }
    }

    /** Returns the CPU time that the threads with the given name have used. */
    public Duration cpuTimeOf(String threadName) throws IOException {
        try (Stream<Path> threads = Files.list(root.resolve("task"))) {
            long ticks = 0;
            for (Path thread : threads.toList()) {
                String stat = stat(thread);
                // The name is in parentheses and may contain any characters.
                int end = stat.lastIndexOf(')');
                if (end > 0 && stat.substring(stat.indexOf('(') + 1, end).equals(threadName)) {
                    String[] fields = stat.substring(end + 2).split(" ", -1);
                    ticks += Long.parseLong(fields[UTIME]) + Long.parseLong(fields[STIME]);
                }
            }
            return Duration.ofMillis(ticks * MILLIS_PER_TICK);
        }
    }

    private static String stat(Path thread) {
        try {
            return Files.readString(thread.resolve("stat"));
        } catch (IOException e) {
            return ""; // the thread has exited in the meantime
        }
    }
}
