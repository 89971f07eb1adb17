package io.epollecho.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel knows of a process, see proc_pid_stat(5) and proc_pid_status(5). */
final class ProcessFigures {

    /** USER_HZ is 100 wherever this runs. */
    private static final long MILLIS_PER_TICK = 10;

    private static final int UTIME = 11;

    private ProcessFigures() {}

    /** The CPU time that a process has used, in user mode and in the kernel. */
    static long millis(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        // The name, which may have any characters, ends at the last parenthesis.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return (Long.parseLong(fields[UTIME]) + Long.parseLong(fields[UTIME + 1]))
                * MILLIS_PER_TICK;
    }

    /** The resident memory of a process in bytes. */
    static long residentBytes(long pid) throws IOException {
        try (var lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
            String kib = lines.filter(line -> line.startsWith("VmRSS:")).findFirst().orElseThrow();
            return Long.parseLong(kib.replaceAll("\\D", "")) * 1024;
        }
    }
}
