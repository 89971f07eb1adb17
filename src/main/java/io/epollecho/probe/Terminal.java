package io.epollecho.probe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Detects whether output goes to a terminal. */
final class Terminal {

    private Terminal() {}

    /**
     * Returns whether standard error is a terminal. {@link java.io.Console} covers only standard
     * input and output.
     */
    static boolean isStderr() {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
        } catch (IOException | UnsupportedOperationException e) {
            return false; // not Linux: plain lines work everywhere
        }
    }
}
