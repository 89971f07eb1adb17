package io.epollecho.spring.actuate;

import org.springframework.boot.actuate.endpoint.OperationResponseBody;

import java.util.Locale;

/** The body of an HTTP error response, with the field names of Spring Boot's own errors. */
record Refusal(int status, String message) implements OperationResponseBody {

    static final int BAD_REQUEST = 400;
    static final int FORBIDDEN = 403;
    static final int METHOD_NOT_ALLOWED = 405;
    static final int CONFLICT = 409;
    static final int SERVICE_UNAVAILABLE = 503;

    /** The methods of a read-only endpoint, which a response with status 405 must name. */
    static final String ALLOWED_METHODS = "GET, HEAD";

    /** Returns the JSON of a message that contains no characters to escape. */
    String json() {
        return String.format(Locale.ROOT, "{\"status\":%d,\"message\":\"%s\"}", status, message);
    }
}
