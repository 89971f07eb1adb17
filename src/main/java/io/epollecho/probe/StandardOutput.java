package io.epollecho.probe;

import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;

/** The output for results. It notices when it cannot be written or nobody reads it any longer. */
final class StandardOutput {

    private final CheckedOutput stream;
    private final PrintWriter writer;

    StandardOutput(OutputStream out, Charset charset) {
        stream = new CheckedOutput("standard output", out);
        writer = new PrintWriter(stream, false, charset);
    }

    /** Returns the writer for text that is checked later. */
    PrintWriter writer() {
        return writer;
    }

    /**
     * Writes a line at once.
     *
     * @throws OutputException if it cannot be written
     */
    void line(String text) {
        writer.println(text);
        check();
    }

    /**
     * Writes what is buffered.
     *
     * @throws OutputException if anything could not be written
     */
    void check() {
        writer.flush();
        stream.check();
    }
}
