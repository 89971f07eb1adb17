package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import java.io.IOException;

/** A connection is lost for a reason that the probe has found itself, or explains better. */
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
