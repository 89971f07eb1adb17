package io.epollecho.bench;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** External programs. */
final class Tool {

    private Tool() {}

    static String ofJdk(String name) {
        return Path.of(System.getProperty("java.home"), "bin", name).toString();
    }

    /** Runs a program until it exits and returns its standard output and standard error. */
    static String output(List<String> line) throws IOException {
        Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
        try (Reader reader = process.inputReader(StandardCharsets.UTF_8)) {
            return reader.readAllAsString();
        }
    }

    static boolean exists(String name) {
        try {
            new ProcessBuilder(name, "--version")
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
