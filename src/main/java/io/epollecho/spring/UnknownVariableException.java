package io.epollecho.spring;

import org.springframework.boot.ExitCodeGenerator;

/** Thrown if an environment variable begins with ECHO_SERVER_ but does not match any property. */
final class UnknownVariableException extends RuntimeException implements ExitCodeGenerator {

    private static final long serialVersionUID = 1L;

    private static final int BAD_USAGE = 2;

    private final String remedy;

    UnknownVariableException(String variable, String remedy) {
        super(
                "There is no property of the echo server for the environment variable "
                        + variable
                        + ".");
        this.remedy = remedy;
    }

    String remedy() {
        return remedy;
    }

    @Override
    public int getExitCode() {
        return BAD_USAGE;
    }
}
