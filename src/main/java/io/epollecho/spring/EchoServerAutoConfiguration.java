package io.epollecho.spring;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationPropertiesBindHandlerAdvisor;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;

/**
 * Auto-configuration of an {@link EchoServer} that runs with the application, unless {@code
 * echo.server.enabled} is false. An application can replace each of the main beans with its own.
 */
@AutoConfiguration(after = SslAutoConfiguration.class)
@Conditional(OnEchoServerEnabled.class)
@EnableConfigurationProperties(EchoServerProperties.class)
public final class EchoServerAutoConfiguration {

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
        EchoServerConfig.Builder config = properties.toConfig(engines::of);
        config.drainTimeout(
                ShutdownPhase.of(environment).fit(properties.shutdown().drainTimeout()));
        customizers.orderedStream().forEach(customizer -> customizer.customize(config));
        return config.build();
    }

    @Bean
    @ConditionalOnMissingBean
    EchoServerEventPublisher echoServerEventPublisher(ApplicationEventPublisher publisher) {
        return new EchoServerEventPublisher(publisher);
    }

    // No destroy method: the lifecycle bean stops the server earlier. By the time beans are
    // destroyed, the web server has stopped and no longer answers health probes.
    @Bean(destroyMethod = "")
    @ConditionalOnMissingBean
    EchoServer echoServer(EchoServerConfig config, EchoServerEventPublisher publisher) {
        return new EchoServer(config, publisher);
    }

    @Bean
    @ConditionalOnMissingBean
    EchoServerLifecycle echoServerLifecycle(EchoServer server) {
        return new EchoServerLifecycle(server);
    }

    @Bean
    static BeanFactoryPostProcessor echoServerLocalPortResolution() {
        return factory -> {
            if (factory instanceof DefaultListableBeanFactory beans) {
                beans.setAutowireCandidateResolver(
                        new LocalPortCandidateResolver(beans.getAutowireCandidateResolver()));
            }
        };
    }

    @Bean
    LocalPortRegistrar echoServerLocalPortRegistrar(ConfigurableEnvironment environment) {
        return new LocalPortRegistrar(environment);
    }
}
