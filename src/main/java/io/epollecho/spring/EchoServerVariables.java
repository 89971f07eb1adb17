package io.epollecho.spring;

import org.apache.commons.logging.Log;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.logging.DeferredLogFactory;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An environment post-processor that checks the environment variables that begin with {@code
 * ECHO_SERVER_}. A variable that does not correspond to a property makes the start fail; Spring
 * Boot itself would ignore it.
 *
 * <p>Kubernetes passes the addresses of the services in a namespace to each container in variables,
 * and those of a service named echo-server also begin with {@code ECHO_SERVER_}. They are hidden
 * from the application; otherwise {@code ECHO_SERVER_PORT}, for example, would be mistaken for the
 * property.
 *
 * @see <a href="https://kubernetes.io/docs/concepts/services-networking/service/">Service</a>,
 *     "Environment variables"
 */
final class EchoServerVariables implements EnvironmentPostProcessor, Ordered {

    private static final String PREFIX = "ECHO_SERVER_";

    private static final String LISTENERS = "LISTENERS_";

    private static final Pattern LISTENER =
            Pattern.compile(PREFIX + LISTENERS + "([A-Z][A-Z0-9]*)_([A-Z0-9_]+)");

    private static final Pattern SERVICE_LINK =
            Pattern.compile(
                    PREFIX
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
        values.forEach(
                (name, value) -> {
                    String variable = String.valueOf(name);
                    if (!variable.startsWith(PREFIX) || !isServiceLink(variable, value)) {
                        kept.put(variable, value);
                    } else if (isKnown(variable)) {
                        log.info(
                                String.format(
                                        Locale.ROOT,
                                        "Ignoring %s=%s, the address of a Kubernetes service",
                                        variable,
                                        value));
                    }
                });
        kept.keySet().stream()
                .filter(variable -> variable.startsWith(PREFIX))
                .sorted()
                .forEach(EchoServerVariables::requireKnown);
        if (kept.size() < values.size()) {
            sources.replace(
                    variables.getName(),
                    new SystemEnvironmentPropertySource(variables.getName(), kept));
        }
    }

    private static boolean isServiceLink(String variable, Object value) {
        return SERVICE_LINK.matcher(variable).matches()
                || (variable.endsWith("_PORT")
                        && SERVICE_ADDRESS.matcher(String.valueOf(value)).matches());
    }

    private static void requireKnown(String variable) {
        if (!isKnown(variable)) {
            throw new UnknownVariableException(
                    variable,
                    nearest(variable.substring(PREFIX.length()))
                            .map(name -> "Rename it if you mean " + name + ", or unset it.")
                            .orElse(
                                    "Rename it to the variable of a property, such as"
                                            + " ECHO_SERVER_PORT, or unset it."));
        }
    }

    private static boolean isKnown(String variable) {
        Matcher listener = LISTENER.matcher(variable);
        return EchoServerPropertyNames.variables().contains(variable)
                || (listener.matches() && variablesOfListeners().contains(listener.group(2)));
    }

    private static List<String> variablesOfListeners() {
        return EchoServerPropertyNames.ofListeners().stream()
                .flatMap(setting -> EchoServerPropertyNames.variables(setting.key()).stream())
                .toList();
    }

    /** Returns the most similar variable, comparing names without the common prefix. */
    private static Optional<String> nearest(String variable) {
        var candidates = new ArrayList<String>();
        for (String known : EchoServerPropertyNames.variables()) {
            candidates.add(known.substring(PREFIX.length()));
        }
        if (variable.startsWith(LISTENERS) && variable.lastIndexOf('_') > LISTENERS.length()) {
            // In a variable, the underscore separates names; a listener's name cannot contain it.
            String name =
                    variable.substring(LISTENERS.length(), variable.lastIndexOf('_'))
                            .replace("_", "");
            variablesOfListeners()
                    .forEach(setting -> candidates.add(LISTENERS + name + "_" + setting));
        }
        return Nearest.to(variable, candidates).map(PREFIX::concat);
    }
}
