package io.epollecho.spring.actuate;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.PathContainer;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;

import java.util.Set;
import java.util.function.Function;

/**
 * The rules for HTTP requests that would change the server. Any web page that is open in a browser
 * with access to the endpoint can send a POST to it, so a request is allowed only if it comes from
 * a page of this server, from a client other than a web page, or from a page that a CORS
 * configuration of the host application allows.
 *
 * <p>The rules are the same for servlets and WebFlux; {@link ChangeRequestFilter} and {@link
 * ChangeRequestWebFilter} apply them.
 */
final class ChangeRequests {

    private static final Set<String> METHODS = Set.of("POST", "DELETE");

    private final @Nullable PathPattern path;
    private final boolean readOnly;
    private final boolean loopback;
    private final @Nullable CorsConfiguration cors;

    /**
     * Creates the rules.
     *
     * @param path the path of the endpoint within the web application; null if it has none
     * @param readOnly true if the endpoint allows no changes
     * @param loopback true if the actuator listens on a loopback address
     * @param cors the CORS configuration of the actuator, if any
     */
    ChangeRequests(
            @Nullable String path,
            boolean readOnly,
            boolean loopback,
            @Nullable CorsConfiguration cors) {
        // As Spring Boot matches the paths of endpoints.
        this.path = path == null ? null : PathPatternParser.defaultInstance.parse(path);
        this.readOnly = readOnly;
        this.loopback = loopback;
        this.cors = cors;
    }

    /**
     * A request.
     *
     * @param method the HTTP method
     * @param header returns the value of a header
     * @param authority the host and port that the request was sent to, if any
     * @param hasBody whether it has a body
     * @param permitted whether a filter has already found that CORS permits its origin
     */
    record Request(
            String method,
            Function<String, @Nullable String> header,
            @Nullable String authority,
            boolean hasBody,
            boolean permitted) {}

    /** Returns whether these rules apply to a request. */
    boolean applyTo(String method, PathContainer pathWithinApplication) {
        return path != null && METHODS.contains(method) && path.matches(pathWithinApplication);
    }

    /** Returns the reason to refuse a request that the rules apply to; null if it is allowed. */
    @Nullable Refusal refusal(Request request) {
        if (readOnly) {
            return new Refusal(
                    Refusal.METHOD_NOT_ALLOWED,
                    "The endpoint echo is read-only here: set"
                            + " management.endpoint.echo.access=unrestricted to allow changes, and"
                            + " management.endpoints.access.max-permitted not to less");
        }
        if (loopback && !LoopbackHost.isNamed(request.authority())) {
            return new Refusal(
                    Refusal.FORBIDDEN,
                    "The request is for another host: the actuator listens on a loopback address,"
                            + " where only requests for localhost may change the server");
        }
        if (isFromAnotherSite(request) && !request.permitted() && !isPermitted(request)) {
            return new Refusal(
                    Refusal.FORBIDDEN,
                    "The request comes from a web page of another site: only pages of this server"
                            + " and clients other than browsers may change the server");
        }
        if (request.method().equals("DELETE") && request.hasBody()) {
            return new Refusal(
                    Refusal.BAD_REQUEST,
                    "DELETE accepts no body: pass the timeout in the query, such as ?timeout=20s");
        }
        return null;
    }

    private static boolean isFromAnotherSite(Request request) {
        String site = request.header().apply("Sec-Fetch-Site");
        if (site != null) {
            return !site.equals("same-origin") && !site.equals("none");
        }
        // Older browsers do not send Sec-Fetch-Site, and none does over HTTP to other machines.
        String origin = request.header().apply("Origin");
        return origin != null
                && !origin.equalsIgnoreCase("http://" + request.authority())
                && !origin.equalsIgnoreCase("https://" + request.authority());
    }

    private boolean isPermitted(Request request) {
        return cors != null
                && cors.checkOrigin(request.header().apply("Origin")) != null
                && cors.checkHttpMethod(HttpMethod.valueOf(request.method())) != null;
    }
}
