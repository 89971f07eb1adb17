package io.epollecho.spring.page;

import io.epollecho.spring.actuate.LoopbackHost;

import org.springframework.boot.actuate.autoconfigure.web.server.ManagementPortType;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.EndpointAccessResolver;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.web.PathMappedEndpoints;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;

import java.io.IOException;

/**
 * Configuration that serves the page from the web server of the actuator, whether or not the
 * actuator has a separate one. The configuration of the starter for that server imports it by its
 * name.
 */
@ConditionalOnBean(StatusPage.class)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
final class StatusPageConfiguration {

    private static final EndpointId ENDPOINT = EndpointId.of("echo");

    @Bean
    ServletRegistrationBean<StatusPageServlet> echoStatusPage(
            PathMappedEndpoints endpoints, EndpointAccessResolver access, Environment environment)
            throws IOException {
        String endpoint = endpoints.getPath(ENDPOINT);
        boolean unrestricted = access.accessFor(ENDPOINT, Access.READ_ONLY) == Access.UNRESTRICTED;
        var page =
                new ServletRegistrationBean<>(
                        new StatusPageServlet(
                                endpoint == null ? "" : dispatcher(environment) + endpoint,
                                unrestricted),
                        StatusPageServlet.ROOT,
                        StatusPageServlet.FILES);
        page.setEnabled(endpoint != null);
        return page;
    }

    /**
     * Returns the path of the dispatcher servlet, which a separate port of the actuator ignores.
     */
    private static String dispatcher(Environment environment) {
        return ManagementPortType.get(environment) == ManagementPortType.SAME
                ? environment
                        .getProperty("spring.mvc.servlet.path", "")
                        .replaceFirst("^/*(.*?)/*$", "/$1")
                        .replaceFirst("^/$", "")
                : "";
    }

    @Bean
    FilterRegistrationBean<LoopbackHostFilter> echoLoopbackHostFilter(Environment environment) {
        var filter = new FilterRegistrationBean<>(new LoopbackHostFilter());
        filter.setOrder(Ordered.HIGHEST_PRECEDENCE);
        filter.setEnabled(LoopbackHost.isBound(environment));
        return filter;
    }
}
