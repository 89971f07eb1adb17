package io.epollecho.spring.actuate;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.InvocationContext;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.OperationType;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.invoke.OperationInvoker;
import org.springframework.boot.actuate.endpoint.invoke.OperationInvokerAdvisor;
import org.springframework.boot.actuate.endpoint.invoke.OperationParameter;
import org.springframework.boot.actuate.endpoint.invoke.OperationParameters;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.WebServerNamespace;
import org.springframework.util.ClassUtils;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;

import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * An advisor that checks requests to the endpoint {@code echo} for unknown parameters and for their
 * origin, and answers those that are refused.
 *
 * <p>Spring Boot passes only declared parameters to an operation and drops all others, so a
 * misspelled parameter would silently have its default value.
 */
final class EchoEndpointRequestAdvisor implements OperationInvokerAdvisor {

    private static final boolean SERVLET =
            ClassUtils.isPresent("jakarta.servlet.http.HttpServletRequest", null)
                    && ClassUtils.isPresent(
                            "org.springframework.web.context.request.ServletRequestAttributes",
                            null);

    /** The body of an HTTP error response, with the field names of Spring Boot's own errors. */
    record Refusal(int status, String message) implements OperationResponseBody {}

    @Override
    public OperationInvoker apply(
            EndpointId endpointId,
            OperationType operationType,
            OperationParameters parameters,
            OperationInvoker invoker) {
        if (!endpointId.equals(EchoEndpoint.ID)) {
            return invoker;
        }
        return context -> {
            try {
                if (SERVLET && operationType != OperationType.READ) {
                    CurrentRequest.requireOwnSite();
                }
                requireKnown(context, parameters);
                if (SERVLET && operationType == OperationType.DELETE) {
                    CurrentRequest.requireNoBody();
                }
                return invoker.invoke(context);
            } catch (RefusedRequestException e) {
                return answer(context, e);
            }
        };
    }

    private static void requireKnown(InvocationContext context, OperationParameters parameters) {
        Object part = context.getArguments().get(EchoEndpoint.PART);
        List<String> known =
                hasSelector(parameters) && part != null
                        ? EchoEndpoint.parametersOf(part.toString())
                        : parameters.stream().map(OperationParameter::getName).toList();
        var unknown = new TreeSet<>(context.getArguments().keySet());
        known.forEach(unknown::remove);
        if (hasSelector(parameters)) {
            unknown.remove(EchoEndpoint.PART);
        }
        if (!unknown.isEmpty()) {
            throw RefusedRequestException.invalid(
                    String.format(
                            Locale.ROOT,
                            "Unknown parameter '%s': this request takes %s",
                            unknown.getFirst(),
                            quoted(known)));
        }
    }

    private static boolean hasSelector(OperationParameters parameters) {
        return parameters.stream()
                .anyMatch(parameter -> parameter.getAnnotation(Selector.class) != null);
    }

    private static String quoted(List<String> names) {
        return names.isEmpty()
                ? "none"
                : names.stream().collect(Collectors.joining("', '", "'", "'"));
    }

    /** Checks of the servlet request; a separate class, because servlets are optional. */
    private static final class CurrentRequest {

        /** Refuses a body, because Spring MVC drops it and a timeout in it would be ignored. */
        static void requireNoBody() {
            if (RequestContextHolder.getRequestAttributes()
                            instanceof ServletRequestAttributes attributes
                    && (attributes.getRequest().getContentLengthLong() > 0
                            || attributes.getRequest().getHeader("Transfer-Encoding") != null)) {
                throw RefusedRequestException.invalid(
                        "DELETE accepts no body: pass the timeout in the query, such as"
                                + " ?timeout=20s");
            }
        }

        /**
         * Refuses requests from web pages of other sites. Any web page that is open in a browser
         * with access to the endpoint can send a POST to it. A request is accepted if it comes from
         * a page of this server, from a client other than a web page, or from a page that the CORS
         * configuration of the host application allows.
         */
        static void requireOwnSite() {
            if (RequestContextHolder.getRequestAttributes()
                            instanceof ServletRequestAttributes attributes
                    && isFromAnotherSite(attributes.getRequest())
                    && !isAllowed(attributes.getResponse())) {
                throw RefusedRequestException.forbidden(
                        "The request comes from a web page of another site: only pages of this"
                                + " server and clients other than browsers may change the server");
            }
        }

        private static boolean isFromAnotherSite(HttpServletRequest request) {
            String site = request.getHeader("Sec-Fetch-Site");
            if (site != null) {
                return !site.equals("same-origin") && !site.equals("none");
            }
            // Older browsers do not send Sec-Fetch-Site, and none does over HTTP to other machines.
            String origin = request.getHeader("Origin");
            String host = request.getHeader("Host");
            return origin != null
                    && !origin.equalsIgnoreCase("http://" + host)
                    && !origin.equalsIgnoreCase("https://" + host);
        }

        /** Returns whether CORS allows the request; Spring MVC has already set the header. */
        private static boolean isAllowed(@Nullable HttpServletResponse response) {
            return response != null && response.containsHeader("Access-Control-Allow-Origin");
        }
    }

    /**
     * Returns an HTTP response with the reason in its body, because Spring Boot hides the messages
     * of exceptions by default. For other technologies, such as JMX, throws the exception.
     */
    private static @Nullable Object answer(
            InvocationContext context, RefusedRequestException refused) {
        if (!context.canResolve(WebServerNamespace.class)) {
            throw refused;
        }
        var refusal = new Refusal(refused.status(), refused.reason());
        return new WebEndpointResponse<>(refusal, refusal.status());
    }
}
