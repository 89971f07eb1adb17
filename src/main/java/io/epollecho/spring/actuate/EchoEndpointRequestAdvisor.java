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
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Checks the requests to the endpoint {@code echo} for what Spring Boot would ignore and for where
 * they come from, and answers those that are refused.
 *
 * <p>Spring Boot hands an operation the parameters that it declares and drops all others, so that a
 * misspelled one would silently give its default.
 */
final class EchoEndpointRequestAdvisor implements OperationInvokerAdvisor {

    private static final boolean SERVLET =
            ClassUtils.isPresent("jakarta.servlet.http.HttpServletRequest", null)
                    && ClassUtils.isPresent(
                            "org.springframework.web.context.request.ServletRequestAttributes",
                            null);

    /** The body of an answer over HTTP, with the names that Spring Boot's own errors have. */
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
                    "Unknown parameter '%s': this request takes %s"
                            .formatted(unknown.getFirst(), quoted(known)));
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

    /** Apart, because these classes are optional at run time. */
    private static final class CurrentRequest {

        /** Spring MVC drops the body of a DELETE, so that a timeout in there would be ignored. */
        static void requireNoBody() {
            if (RequestContextHolder.getRequestAttributes()
                            instanceof ServletRequestAttributes attributes
                    && (attributes.getRequest().getContentLengthLong() > 0
                            || attributes.getRequest().getHeader("Transfer-Encoding") != null)) {
                throw RefusedRequestException.invalid(
                        "DELETE takes no body: give the timeout in the query, as in ?timeout=20s");
            }
        }

        /**
         * Any web page that is open in a browser that can reach the endpoint can send it a POST.
         * The request is accepted if it comes from a page of this server, from no page at all, or
         * from a page that the host's CORS configuration allows.
         */
        static void requireOwnSite() {
            if (RequestContextHolder.getRequestAttributes()
                            instanceof ServletRequestAttributes attributes
                    && isFromAnotherSite(attributes.getRequest())
                    && !isAllowed(attributes.getResponse())) {
                throw RefusedRequestException.forbidden(
                        "The request comes from a web page of another site: only pages of this"
                                + " server and clients other than browsers may change something");
            }
        }

        private static boolean isFromAnotherSite(HttpServletRequest request) {
            String site = request.getHeader("Sec-Fetch-Site");
            if (site != null) {
                return !site.equals("same-origin") && !site.equals("none");
            }
            // Not sent by older browsers, nor over plain HTTP to other machines.
            String origin = request.getHeader("Origin");
            String host = request.getHeader("Host");
            return origin != null
                    && !origin.equalsIgnoreCase("http://" + host)
                    && !origin.equalsIgnoreCase("https://" + host);
        }

        /** Spring MVC applies its CORS configuration before it calls the operation. */
        private static boolean isAllowed(@Nullable HttpServletResponse response) {
            return response != null && response.containsHeader("Access-Control-Allow-Origin");
        }
    }

    /**
     * Over HTTP the answer has a body of its own, because a host may hide the messages of
     * exceptions, and by default does. Elsewhere, as over JMX, the exception tells it.
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
