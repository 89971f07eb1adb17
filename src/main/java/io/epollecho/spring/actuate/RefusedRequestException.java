package io.epollecho.spring.actuate;

import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;

/** A request that the endpoint {@code echo} refuses; the reason is meant for its sender. */
final class RefusedRequestException extends InvalidEndpointRequestException {

    private static final long serialVersionUID = 1L;

    private static final int BAD_REQUEST = 400;
    private static final int FORBIDDEN = 403;
    private static final int CONFLICT = 409;
    private static final int SERVICE_UNAVAILABLE = 503;

    private final int status;
    private final String reason;

    private RefusedRequestException(int status, String reason) {
        super(reason, reason);
        this.status = status;
        this.reason = reason;
    }

    /** Returns the refusal of a request that is wrong in itself. */
    static RefusedRequestException invalid(String reason) {
        return new RefusedRequestException(BAD_REQUEST, reason);
    }

    /** Returns the refusal of a request that its sender may not make. */
    static RefusedRequestException forbidden(String reason) {
        return new RefusedRequestException(FORBIDDEN, reason);
    }

    /** Returns the refusal of a request that does not fit what the server is doing. */
    static RefusedRequestException conflict(String reason) {
        return new RefusedRequestException(CONFLICT, reason);
    }

    /** Returns the refusal of a request that the server cannot answer at the moment. */
    static RefusedRequestException unavailable(String reason) {
        return new RefusedRequestException(SERVICE_UNAVAILABLE, reason);
    }

    /** Returns the HTTP status of the answer. */
    int status() {
        return status;
    }

    /** Returns what is wrong, and what is allowed. */
    String reason() {
        return reason;
    }
}
