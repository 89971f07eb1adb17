package io.epollecho.spring.actuate;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.endpoint.web.CorsEndpointProperties;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.EndpointAccessResolver;
import org.springframework.boot.actuate.endpoint.web.PathMappedEndpoints;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.ImportSelector;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;
import org.springframework.util.ClassUtils;

/**
 * Configuration of the web server that serves the actuator, whether or not the actuator has a
 * separate one: checks of requests to the endpoint {@code echo}, and in the runnable jar the status
 * page.
 *
 * <p>It is listed among Spring Boot's management context configurations. It is not annotated with
 * {@code @ManagementContextConfiguration}, so that no component scan finds it; without that
 * annotation, it applies to every type of management port.
 */
@Import({
    EchoManagementContextConfiguration.OfServlets.class,
    EchoManagementContextConfiguration.OfWebFlux.class,
    EchoManagementContextConfiguration.Page.class
})
final class EchoManagementContextConfiguration {

    @Bean
    ChangeRequests echoChangeRequests(
            ObjectProvider<PathMappedEndpoints> endpoints,
            EndpointAccessResolver access,
            ObjectProvider<CorsEndpointProperties> cors,
            Environment environment) {
        PathMappedEndpoints exposed = endpoints.getIfAvailable();
        CorsEndpointProperties properties = cors.getIfAvailable();
        return new ChangeRequests(
                exposed == null ? null : exposed.getPath(EchoEndpoint.ID),
                access.accessFor(EchoEndpoint.ID, Access.READ_ONLY) != Access.UNRESTRICTED,
                LoopbackHost.isBound(environment),
                properties == null ? null : properties.toCorsConfiguration());
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static final class OfServlets {

        /** The filter runs after those of the host application, such as Spring Security's. */
        @Bean
        FilterRegistrationBean<ChangeRequestFilter> echoChangeRequestFilter(ChangeRequests rules) {
            return new FilterRegistrationBean<>(new ChangeRequestFilter(rules));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static final class OfWebFlux {

        @Bean
        ChangeRequestWebFilter echoChangeRequestFilter(ChangeRequests rules) {
            return new ChangeRequestWebFilter(rules);
        }
    }

    /** Adds the status page where its class exists. The starter's jar does not contain it. */
    static final class Page implements ImportSelector {

        private static final String CONFIGURATION =
                "io.epollecho.spring.page.StatusPageConfiguration";

        @Override
        public String[] selectImports(AnnotationMetadata importing) {
            return ClassUtils.isPresent(CONFIGURATION, Page.class.getClassLoader())
                    ? new String[] {CONFIGURATION}
                    : new String[0];
        }
    }
}
