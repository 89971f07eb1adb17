package io.epollecho.probe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether a person is looking. */
final class Terminal {

    private Terminal() {}

    /**
     * Whether standard error is a terminal. {@link java.io.Console} knows only of the other two.
     */
    static boolean isStderr() {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
        } catch (IOException | UnsupportedOperationException e) {
            return false; // not Linux: a line a second is right everywhere
        }
    }
}
