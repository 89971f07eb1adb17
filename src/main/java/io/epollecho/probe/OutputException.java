package io.epollecho.probe;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;

/** Thrown if an output cannot be written; the message names the output and the reason. */
final class OutputException extends UncheckedIOException {

    private static final long serialVersionUID = 1L;

    OutputException(String output, IOException cause) {
        super(
                String.format(Locale.ROOT, "%s cannot be written: %s", output, cause.getMessage()),
                cause);
    }
}
