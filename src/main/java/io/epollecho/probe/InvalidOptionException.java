package io.epollecho.probe;

import java.util.Locale;

/** Thrown if an option is invalid; the message contains the option, its value and the remedy. */
public final class InvalidOptionException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    InvalidOptionException(String option, Object value, String remedy) {
        super(String.format(Locale.ROOT, "--%s: %s", (option + " " + value).strip(), remedy));
    }
}
