package io.epollecho.spring.actuate;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.InvocationContext;
import org.springframework.boot.actuate.endpoint.OperationType;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.invoke.OperationInvoker;
import org.springframework.boot.actuate.endpoint.invoke.OperationInvokerAdvisor;
import org.springframework.boot.actuate.endpoint.invoke.OperationParameter;
import org.springframework.boot.actuate.endpoint.invoke.OperationParameters;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.WebServerNamespace;

import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * An advisor that checks requests to the endpoint {@code echo} for unknown parameters, and answers
 * those that are refused.
 *
 * <p>Spring Boot passes only declared parameters to an operation and drops all others, so a
 * misspelled parameter would silently have its default value.
 */
final class EchoEndpointRequestAdvisor implements OperationInvokerAdvisor {

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
        // Over JMX, all parameters are present, and those that are not set are null.
        var unknown = new TreeSet<String>();
        context.getArguments()
                .forEach(
                        (name, value) -> {
                            if (value != null) {
                                unknown.add(name);
                            }
                        });
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
