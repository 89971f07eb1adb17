package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import java.io.IOException;

/** Thrown if a connection fails for a reason that the probe detects or explains itself. */
final class ConnectionFailedException extends IOException {

    private static final long serialVersionUID = 1L;

    private final FailureKind kind;

    ConnectionFailedException(FailureKind kind, String message) {
        this(kind, message, null);
    }

    ConnectionFailedException(FailureKind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    FailureKind kind() {
        return kind;
    }
}
