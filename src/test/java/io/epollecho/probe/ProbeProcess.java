package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.ChildJvm;
import io.epollecho.EpollEchoApplication;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A probe in a process of its own, for tests of what only a process has. */
final class ProbeProcess implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 30;

    private final Process process;

    private ProbeProcess(Process process) {
        this.process = process;
    }

    /** A process that is not started yet. */
    static final class Builder {

        private final List<String> options = new ArrayList<>(List.of(ChildJvm.QUICK_START));
        private Redirect output = Redirect.PIPE;

        /** Adds an option of the JVM. */
        Builder jvm(String option) {
            options.add(option);
            return this;
        }

        Builder output(Redirect target) {
            output = target;
            return this;
        }

        ProbeProcess start(String... arguments) throws IOException {
            List<String> command =
                    ChildJvm.command(EpollEchoApplication.class, options.toArray(new String[0]));
            command.add("probe");
            command.addAll(List.of(arguments));
            var builder = new ProcessBuilder(command).redirectOutput(output);
            builder.environment().remove("JAVA_TOOL_OPTIONS");
            return new ProbeProcess(builder.start());
        }
    }

    static Builder builder() {
        return new Builder();
    }

    /** Returns the reader of standard output, which the caller may close early. */
    BufferedReader output() {
        return process.inputReader(StandardCharsets.UTF_8);
    }

    /** Returns all of standard output. */
    String text() throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    /** Returns all of standard error. */
    String errors() throws IOException {
        return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    /** Waits for the end of the process. */
    int exitCode() throws InterruptedException {
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).as("ended").isTrue();
        return process.exitValue();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
