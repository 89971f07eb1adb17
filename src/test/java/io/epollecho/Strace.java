package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;

import org.opentest4j.TestAbortedException;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.management.JMException;
import javax.management.ObjectName;

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

    /** Traces a platform thread of this process, from its next system call on. */
    public static Strace attach(Thread thread, String... options) throws IOException {
        Path output = Files.createTempFile("strace", ".txt");
        var command = new ArrayList<>(List.of("strace", "-o", output.toString()));
        command.addAll(List.of(options));
        command.addAll(List.of("-p", nativeId(thread)));
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

    /** Returns the kernel's number of a thread, which only the thread dump contains. */
    private static String nativeId(Thread thread) {
        try {
            Object dump =
                    ManagementFactory.getPlatformMBeanServer()
                            .invoke(
                                    new ObjectName("com.sun.management:type=DiagnosticCommand"),
                                    "threadPrint",
                                    new Object[] {new String[0]},
                                    new String[] {String[].class.getName()});
            Matcher line =
                    Pattern.compile("#" + thread.threadId() + " \\[(\\d+)\\]")
                            .matcher(dump.toString());
            assertThat(line.find()).as("%s in the thread dump", thread).isTrue();
            return line.group(1);
        } catch (JMException e) {
            throw new AssertionError(e);
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
