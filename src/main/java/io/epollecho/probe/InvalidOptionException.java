package io.epollecho.probe;

/** An option of the probe is outside its range; the message names it, its value and the remedy. */
public final class InvalidOptionException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    InvalidOptionException(String option, Object value, String remedy) {
        super("--%s: %s".formatted((option + " " + value).strip(), remedy));
    }
}
