package io.epollecho.spring.actuate;

import io.epollecho.server.EchoServer;
import io.epollecho.spring.CertificateRenewals;
import io.epollecho.spring.EchoServerAutoConfiguration;
import io.micrometer.core.instrument.MeterRegistry;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

/** Auto-configuration of the meters {@code echo.server.*}. */
@AutoConfiguration(
        after = EchoServerAutoConfiguration.class,
        afterName =
                "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration")
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean(MeterRegistry.class)
@ConditionalOnSingleCandidate(EchoServer.class)
public final class EchoServerMetricsAutoConfiguration {

    /** Creates the auto-configuration. */
    public EchoServerMetricsAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    EchoServerMetrics echoServerMetrics(
            EchoServer server, ObjectProvider<CertificateRenewals> renewals) {
        // A host that excludes EchoServerAutoConfiguration renews no certificates.
        return new EchoServerMetrics(server, renewals.getIfAvailable(CertificateRenewals::new));
    }
}
