package io.epollecho.spring;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationPropertiesBindHandlerAdvisor;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;

import java.util.Locale;

/**
 * Auto-configuration of an {@link EchoServer} that runs with the application, unless {@code
 * echo.server.enabled} is false. An application can replace each of the main beans with its own. A
 * replaced {@link EchoServer} is managed like the starter's; of several servers, only a primary one
 * is.
 */
@AutoConfiguration(after = SslAutoConfiguration.class)
@Conditional(OnEchoServerEnabled.class)
@EnableConfigurationProperties(EchoServerProperties.class)
public final class EchoServerAutoConfiguration {

    private static final Log log = LogFactory.getLog(EchoServerAutoConfiguration.class);

    /** Creates the auto-configuration. */
    public EchoServerAutoConfiguration() {}

    // Static, because Spring Boot needs it before it binds any configuration properties.
    @Bean
    static ConfigurationPropertiesBindHandlerAdvisor echoServerSettingChecks(
            Environment environment) {
        return parent -> new SettingBindHandler(parent, environment);
    }

    @Bean
    CertificateRenewals echoServerCertificateRenewals() {
        return new CertificateRenewals();
    }

    @Bean
    @ConditionalOnMissingBean
    EchoServerConfig echoServerConfig(
            EchoServerProperties properties,
            ConfigurableEnvironment environment,
            ObjectProvider<SslBundles> bundles,
            CertificateRenewals renewals,
            ObjectProvider<EchoServerConfigCustomizer> customizers) {
        var engines =
                new SslEngines(
                        bundles.getIfAvailable(DefaultSslBundleRegistry::new),
                        environment,
                        renewals);
        for (String variable : EchoServerVariableNames.unknown(environment)) {
            // It may belong to something else in a host application, so the start does not fail.
            log.warn(
                    String.format(
                            Locale.ROOT,
                            "The environment variable %s is none of the echo server's properties."
                                    + " %s",
                            variable,
                            EchoServerVariableNames.remedy(variable)));
        }
        EchoServerConfig.Builder config = properties.toConfig(engines::of);
        config.drainTimeout(
                ShutdownPhase.of(environment).fit(properties.shutdown().drainTimeout()));
        customizers.orderedStream().forEach(customizer -> customizer.customize(config));
        return config.build();
    }

    // No destroy method: the lifecycle bean stops the server earlier. By the time beans are
    // destroyed, the web server has stopped and no longer answers health probes.
    @Bean(destroyMethod = "")
    @ConditionalOnMissingBean
    EchoServer echoServer(EchoServerConfig config) {
        return new EchoServer(config);
    }

    @Bean
    @ConditionalOnSingleCandidate(EchoServer.class)
    EchoServerEventPublisher echoServerEventPublisher(
            EchoServer server,
            ApplicationEventPublisher events,
            ConfigurableEnvironment environment,
            GenericApplicationContext context) {
        var publisher = new EchoServerEventPublisher(events, new LocalPorts(environment, context));
        server.addListener(publisher);
        return publisher;
    }

    // Nothing else refers to the publisher.
    @Bean
    static LazyInitializationExcludeFilter echoServerEagerEventPublisher() {
        return LazyInitializationExcludeFilter.forBeanTypes(EchoServerEventPublisher.class);
    }

    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnSingleCandidate(EchoServer.class)
    EchoServerLifecycle echoServerLifecycle(EchoServer server, Environment environment) {
        return new EchoServerLifecycle(
                server, ShutdownPhase.of(environment).fit(server.config().drainTimeout()));
    }
}
