package io.epollecho.spring;

import org.springframework.boot.ExitCodeGenerator;

/** Thrown if a variable or a property looks like one of the echo server's and is none. */
final class UnknownNameException extends RuntimeException implements ExitCodeGenerator {

    private static final long serialVersionUID = 1L;

    private static final int BAD_USAGE = 2;

    private final String remedy;

    UnknownNameException(String message, String remedy) {
        super(message);
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
