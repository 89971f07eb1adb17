package io.epollecho.spring.actuate;

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

import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Checks the requests to the endpoint {@code echo} for what Spring Boot would ignore, and answers
 * those that are refused.
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
                requireKnown(context, parameters);
                if (operationType == OperationType.DELETE) {
                    requireNoBody();
                }
                return invoker.invoke(context);
            } catch (RefusedRequestException e) {
                return answer(context, e);
            }
        };
    }

    private static void requireKnown(InvocationContext context, OperationParameters parameters) {
        var unknown = new TreeSet<>(context.getArguments().keySet());
        parameters.stream().map(OperationParameter::getName).forEach(unknown::remove);
        if (!unknown.isEmpty()) {
            String known =
                    parameters.stream()
                            .filter(parameter -> parameter.getAnnotation(Selector.class) == null)
                            .map(parameter -> "'" + parameter.getName() + "'")
                            .collect(Collectors.joining(", "));
            throw RefusedRequestException.invalid(
                    "Unknown parameter '%s': this request takes %s"
                            .formatted(unknown.getFirst(), known.isEmpty() ? "none" : known));
        }
    }

    /** Spring MVC drops the body of a DELETE, so that a timeout in there would be ignored. */
    private static void requireNoBody() {
        if (SERVLET && ServletBody.isPresent()) {
            throw RefusedRequestException.invalid(
                    "DELETE takes no body: give the timeout in the query, as in ?timeout=20s");
        }
    }

    /** Apart, because these classes are optional at run time. */
    private static final class ServletBody {

        static boolean isPresent() {
            return RequestContextHolder.getRequestAttributes()
                            instanceof ServletRequestAttributes attributes
                    && (attributes.getRequest().getContentLengthLong() > 0
                            || attributes.getRequest().getHeader("Transfer-Encoding") != null);
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
