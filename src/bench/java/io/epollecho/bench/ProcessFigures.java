package io.epollecho.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The figures of a process in {@code /proc}, see proc(5). */
final class ProcessFigures {

    private ProcessFigures() {}

    /**
     * Returns the CPU time of each thread of a process in nanoseconds, in user mode and in the
     * kernel. Omits the JIT compiler's threads, which are idle once the server is warm.
     */
    static Map<String, Long> cpuNanos(long pid) throws IOException {
        var nanos = new HashMap<String, Long>();
        try (DirectoryStream<Path> threads =
                Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            for (Path thread : threads) {
                try {
                    String name = Files.readString(thread.resolve("comm"));
                    if (!name.contains("CompilerThre")) {
                        String times = Files.readString(thread.resolve("schedstat"));
                        nanos.put(
                                thread.getFileName().toString(),
                                Long.valueOf(times.substring(0, times.indexOf(' '))));
                    }
                } catch (NoSuchFileException e) {
                    // The thread has exited in the meantime.
                }
            }
        }
        return nanos;
    }

    /** Returns the resident memory of a process in bytes. */
    static long residentBytes(long pid) throws IOException {
        return kibibytes(Path.of("/proc/" + pid + "/status"), "VmRSS:") * 1024;
    }

    /**
     * Returns the memory in bytes that the kernel uses for its own objects, including the sockets
     * of all processes.
     */
    static long kernelBytes() throws IOException {
        return kibibytes(Path.of("/proc/meminfo"), "Slab:") * 1024;
    }

    private static long kibibytes(Path file, String key) throws IOException {
        try (var lines = Files.lines(file)) {
            String line = lines.filter(it -> it.startsWith(key)).findFirst().orElseThrow();
            return Long.parseLong(line.replaceAll("\\D", ""));
        }
    }
}
