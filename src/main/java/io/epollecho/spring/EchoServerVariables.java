package io.epollecho.spring;

import org.apache.commons.logging.Log;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.logging.DeferredLogFactory;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * An environment post-processor for the variables of Kubernetes. It passes the addresses of the
 * services in a namespace to each container, and those of a service named echo-server also begin
 * with {@code ECHO_SERVER_}. They are no properties of the echo server; otherwise {@code
 * ECHO_SERVER_PORT}, for example, would be mistaken for one. The application can still read them by
 * their own names.
 *
 * @see <a href="https://kubernetes.io/docs/concepts/services-networking/service/">Service</a>,
 *     "Environment variables"
 */
final class EchoServerVariables implements EnvironmentPostProcessor, Ordered {

    private static final String SOURCE = "echoServerServiceLinks";

    private static final Pattern SERVICE_LINK =
            Pattern.compile(
                    EchoServerVariableNames.PREFIX
                            + "([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?"
                            + "|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)");

    /** The value of a Kubernetes variable whose name may also stand for a property. */
    private static final Pattern SERVICE_ADDRESS = Pattern.compile("(tcp|udp|sctp)://.*");

    private final Log log;

    EchoServerVariables(DeferredLogFactory logs) {
        this.log = logs.getLog(getClass());
    }

    /** Runs before Spring Boot wraps the variables to track their origin. */
    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }

    @Override
    public void postProcessEnvironment(
            ConfigurableEnvironment environment, SpringApplication application) {
        MutablePropertySources sources = environment.getPropertySources();
        PropertySource<?> variables =
                sources.get(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);
        if (variables == null || !(variables.getSource() instanceof Map<?, ?> values)) {
            return;
        }
        var kept = new HashMap<String, Object>();
        var links = new HashMap<String, Object>();
        values.forEach(
                (name, value) -> {
                    String variable = String.valueOf(name);
                    boolean mistaken =
                            EchoServerVariableNames.isKnown(variable)
                                    && isServiceLink(variable, value);
                    (mistaken ? links : kept).put(variable, value);
                });
        if (links.isEmpty()) {
            return;
        }
        links.forEach(
                (name, value) ->
                        log.info(
                                String.format(
                                        Locale.ROOT,
                                        "Ignoring %s=%s, the address of a Kubernetes service",
                                        name,
                                        value)));
        sources.replace(
                variables.getName(),
                new SystemEnvironmentPropertySource(variables.getName(), kept));
        // Not as variables, whose names would be those of properties.
        sources.addAfter(variables.getName(), new MapPropertySource(SOURCE, links));
    }

    static boolean isServiceLink(String variable, Object value) {
        String name = variable.toUpperCase(Locale.ROOT);
        return SERVICE_LINK.matcher(name).matches()
                || (name.endsWith("_PORT")
                        && SERVICE_ADDRESS.matcher(String.valueOf(value)).matches());
    }
}
