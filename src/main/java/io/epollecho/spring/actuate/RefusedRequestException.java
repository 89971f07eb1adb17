package io.epollecho.spring.actuate;

import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;

/** Thrown if the endpoint {@code echo} refuses a request; the client receives the reason. */
final class RefusedRequestException extends InvalidEndpointRequestException {

    private static final long serialVersionUID = 1L;

    private final int status;
    private final String reason;

    private RefusedRequestException(int status, String reason) {
        super(reason, reason);
        this.status = status;
        this.reason = reason;
    }

    /** Returns an exception for a request that is invalid. */
    static RefusedRequestException invalid(String reason) {
        return new RefusedRequestException(Refusal.BAD_REQUEST, reason);
    }

    /** Returns an exception for a request that conflicts with the state of the server. */
    static RefusedRequestException conflict(String reason) {
        return new RefusedRequestException(Refusal.CONFLICT, reason);
    }

    /** Returns an exception for a request that the server cannot answer at the moment. */
    static RefusedRequestException unavailable(String reason) {
        return new RefusedRequestException(Refusal.SERVICE_UNAVAILABLE, reason);
    }

    /** Returns the HTTP status of the response. */
    int status() {
        return status;
    }

    /** Returns the reason, with the allowed values. */
    String reason() {
        return reason;
    }
}
