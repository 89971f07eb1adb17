package io.epollecho.probe;

/** Thrown if an option is invalid; the message contains the option, its value and the remedy. */
public final class InvalidOptionException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    InvalidOptionException(String option, Object value, String remedy) {
        super("--%s: %s".formatted((option + " " + value).strip(), remedy));
    }
}
