package io.epollecho;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/**
 * What the kernel knows of a process, see proc(5).
 *
 * @param root its directory in /proc
 */
public record ProcessFigures(Path root) {

    /** USER_HZ is 100 wherever this runs. */
    private static final long MILLIS_PER_TICK = 10;

    private static final int UTIME = 11;
    private static final int STIME = 12;

    /** Those of this process. */
    public static ProcessFigures ofThis() {
        return new ProcessFigures(Path.of("/proc/self"));
    }

    /** Those of another process. */
    public static ProcessFigures of(long pid) {
        return new ProcessFigures(Path.of("/proc", Long.toString(pid)));
    }

    /** The descriptors that it has open. */
    public long descriptors() throws IOException {
        try (Stream<Path> descriptors = Files.list(root.resolve("fd"))) {
            return descriptors.count();
        }
    }

    /** The memory that it has in use. */
    public long residentBytes() throws IOException {
        try (Stream<String> lines = Files.lines(root.resolve("status"))) {
            String kib = lines.filter(line -> line.startsWith("VmRSS:")).findFirst().orElseThrow();
            return Long.parseLong(kib.replaceAll("\\D", "")) * 1024;
        }
    }

    /** The processor time that its threads of this name have used. */
    public Duration cpuTimeOf(String threadName) throws IOException {
        try (Stream<Path> threads = Files.list(root.resolve("task"))) {
            long ticks = 0;
            for (Path thread : threads.toList()) {
                String stat = stat(thread);
                // The name stands in parentheses, and may have any characters.
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
            return ""; // has ended meanwhile
        }
    }
}
