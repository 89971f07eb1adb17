package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.OutputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** An external program as a peer. The test writes its input and reads its output. */
final class Program implements AutoCloseable {

    private final Process process;
    private volatile String soFar = "";
    private final CompletableFuture<String> output;

    private Program(Process process) {
        this.process = process;
        this.output = Background.call(this::readOutput);
    }

    private String readOutput() throws IOException {
        var all = new StringBuilder();
        var chars = new char[8 * 1024];
        Reader reader = process.inputReader(StandardCharsets.ISO_8859_1);
        for (int count = reader.read(chars); count >= 0; count = reader.read(chars)) {
            soFar = all.append(chars, 0, count).toString();
        }
        return soFar;
    }

    /** Skips the calling test and prints the reason if the program is not installed. */
    static void require(String... versionCommand) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(versionCommand).redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            assertThat(process.waitFor()).isZero();
        } catch (IOException e) {
            System.out.println("Tests with " + versionCommand[0] + " are skipped: " + e);
            abort(versionCommand[0] + " is not installed");
        }
    }

    static Program start(List<String> command) throws IOException {
        return new Program(new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    /** Sends input, which need not be the last. */
    Program send(String input) throws IOException {
        OutputStream out = process.getOutputStream();
        out.write(input.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
        return this;
    }

    /** Ends the program's input. */
    Program endInput() throws IOException {
        process.getOutputStream().close();
        return this;
    }

    /** Waits until the program has written the text. */
    void awaitOutput(String text) {
        Background.await().until(() -> soFar.contains(text));
    }

    /** Waits for the end of the program and returns its output. */
    String output() {
        return Background.get(output);
    }

    int exitCode() throws InterruptedException {
        assertThat(process.waitFor(Background.PATIENCE_MILLIS, TimeUnit.MILLISECONDS))
                .as("ended")
                .isTrue();
        return process.exitValue();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Kills the program if it is still running and waits for its end. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("killed").isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
