package io.epollecho.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.epollecho.EchoPeer;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.EchoServerState;
import io.epollecho.server.ProxyProtocolConfig;
import io.epollecho.stream.AddressRange;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurationExcludeFilter;
import org.springframework.boot.autoconfigure.AutoConfigurationImportSelector;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.PayloadApplicationEvent;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ClassPathScanningCandidateComponentProvider;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.ContextAnnotationAutowireCandidateResolver;
import org.springframework.context.annotation.Import;
import org.springframework.core.annotation.AnnotationAttributes;
import org.springframework.core.annotation.Order;
import org.springframework.core.type.AnnotationMetadata;
import org.springframework.util.ClassUtils;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

class EchoServerAutoConfigurationTest {

    private final ApplicationContextRunner runner =
            new ApplicationContextRunner()
                    .withConfiguration(AutoConfigurations.of(EchoServerAutoConfiguration.class))
                    .withPropertyValues("echo.server.address=127.0.0.1", "echo.server.port=0");

    @Test
    void runsAServerAsLongAsTheContext() {
        runner.run(
                context -> {
                    assertEchoes(context);
                    EchoServer server = context.getBean(EchoServer.class);
                    context.close();
                    assertThat(server.state()).isEqualTo(EchoServerState.STOPPED);
                });
    }

    @Test
    void definesNoBeansWhenDisabled() {
        runner.withPropertyValues("echo.server.enabled=false")
                .run(
                        context ->
                                assertThat(context.getBeanDefinitionNames())
                                        .noneMatch(name -> name.matches("(?i).*echo.*")));
    }

    @Test
    void backsOffForAConfigurationOfTheApplication() {
        var own = EchoServerConfig.builder().port(0).backlog(77).build();
        runner.withPropertyValues("echo.server.backlog=55")
                .withBean("own", EchoServerConfig.class, () -> own)
                .run(
                        context -> {
                            assertThat(context.getBean(EchoServer.class).config()).isSameAs(own);
                            assertEchoes(context);
                        });
    }

    @Test
    void managesAServerOfTheApplication() {
        var own = new EchoServer(EchoServerConfig.builder().port(0).build());
        runner.withBean("own", EchoServer.class, () -> own)
                .run(
                        context -> {
                            assertThat(context.getBean(EchoServer.class)).isSameAs(own);
                            assertThat(own.state()).isEqualTo(EchoServerState.RUNNING);
                            context.close();
                            assertThat(own.state()).isEqualTo(EchoServerState.STOPPED);
                        });
    }

    /** A server of the application has events, readiness and ports like the starter's. */
    @Test
    void publishesEventsAndPortsOfAServerOfTheApplication() {
        var started = new ArrayList<Integer>();
        var own = new EchoServer(EchoServerConfig.builder().port(0).build());
        runner.withBean("own", EchoServer.class, () -> own)
                .withBean("recorder", ApplicationListener.class, () -> recorder(started))
                .run(
                        context -> {
                            assertThat(started).containsExactly(own.localAddress().getPort());
                            assertEchoes(context);
                            own.stop();
                            assertThat(
                                            context.getEnvironment()
                                                    .getProperty(LocalEchoServerPort.PROPERTY))
                                    .isNull();
                            own.start();
                            assertEchoes(context);
                        });
    }

    @Test
    void knowsThePortsOfAServerThatTheApplicationHasStarted() {
        try (var own = EchoServer.start(EchoServerConfig.builder().port(0).build())) {
            runner.withBean("own", EchoServer.class, () -> own)
                    .run(EchoServerAutoConfigurationTest::assertEchoes);
        }
    }

    private static ApplicationListener<PayloadApplicationEvent<EchoServerStartedEvent>> recorder(
            List<Integer> started) {
        return ApplicationListener.forPayload(
                (EchoServerStartedEvent event) ->
                        started.add(event.server().localAddress().getPort()));
    }

    @Test
    void leavesSeveralServersToTheApplication() {
        var first = new EchoServer(EchoServerConfig.builder().port(0).build());
        var second = new EchoServer(EchoServerConfig.builder().port(0).build());
        runner.withUserConfiguration(ApplicationWithWhatIsThere.class)
                .withPropertyValues("management.endpoints.web.exposure.include=echo")
                .withBean("first", EchoServer.class, () -> first)
                .withBean("second", EchoServer.class, () -> second)
                .run(
                        context -> {
                            assertThat(context).hasNotFailed();
                            assertThat(context).doesNotHaveBean(EchoServerLifecycle.class);
                            assertThat(context).doesNotHaveBean("echoHealthIndicator");
                            assertThat(context).doesNotHaveBean("echoEndpoint");
                            assertThat(first.state()).isEqualTo(EchoServerState.STOPPED);
                        });
    }

    @Test
    void managesThePrimaryOneOfSeveralServers() {
        var first = new EchoServer(EchoServerConfig.builder().port(0).build());
        var second = new EchoServer(EchoServerConfig.builder().port(0).build());
        runner.withBean("first", EchoServer.class, () -> first)
                .withBean("second", EchoServer.class, () -> second, bean -> bean.setPrimary(true))
                .run(
                        context -> {
                            assertThat(first.state()).isEqualTo(EchoServerState.STOPPED);
                            assertThat(second.state()).isEqualTo(EchoServerState.RUNNING);
                            assertEchoes(context);
                        });
    }

    @Test
    void publishesThePortBeforeListenersThatFail() {
        runner.withBean(
                        "failing",
                        ApplicationListener.class,
                        () ->
                                ApplicationListener.forPayload(
                                        (EchoServerStartedEvent event) -> {
                                            throw new IllegalStateException("intended");
                                        }))
                .run(EchoServerAutoConfigurationTest::assertEchoes);
    }

    @Test
    void publishesEventsWithLazyInitialization() {
        runner.withInitializer(
                        context ->
                                context.addBeanFactoryPostProcessor(
                                        new LazyInitializationBeanFactoryPostProcessor()))
                .run(EchoServerAutoConfigurationTest::assertEchoes);
    }

    /** Replacing it would undo what the host has configured there. */
    @Test
    void leavesTheAutowireCandidateResolverOfTheHost() {
        var own = new ContextAnnotationAutowireCandidateResolver();
        runner.withInitializer(
                        context ->
                                ((DefaultListableBeanFactory) context.getBeanFactory())
                                        .setAutowireCandidateResolver(own))
                .run(
                        context -> {
                            var beans =
                                    (DefaultListableBeanFactory)
                                            context.getSourceApplicationContext().getBeanFactory();
                            assertThat(beans.getAutowireCandidateResolver()).isSameAs(own);
                            assertThat(beans.createBean(Injected.class).number)
                                    .as("ports are only injected where they are asked for")
                                    .isNull();
                        });
    }

    static class Injected {
        @Autowired(required = false)
        private @Nullable Integer number;
    }

    @Test
    void appliesCustomizersInOrderAfterTheProperties() {
        runner.withUserConfiguration(Customizers.class)
                .withPropertyValues("echo.server.backlog=1", "echo.server.event-loops=3")
                .run(
                        context -> {
                            EchoServerConfig config = context.getBean(EchoServerConfig.class);
                            assertThat(config.listeners().firstEntry().getValue().backlog())
                                    .as("the last customizer wins")
                                    .isEqualTo(3);
                            assertThat(config.eventLoops()).as("unchanged").isEqualTo(3);
                        });
    }

    @Test
    void takesTheElementsOfAList() {
        runner.withPropertyValues(
                        "echo.server.proxy-protocol.mode=required",
                        "echo.server.proxy-protocol.trusted[0]=10.0.0.0/8",
                        "echo.server.proxy-protocol.trusted[1]=127.0.0.1")
                .run(
                        context -> {
                            assertThat(context).hasNotFailed();
                            EchoServerConfig config = context.getBean(EchoServerConfig.class);
                            assertThat(config.listener("default").proxyProtocol())
                                    .extracting(ProxyProtocolConfig::trusted)
                                    .isEqualTo(
                                            List.of(
                                                    AddressRange.of("10.0.0.0/8"),
                                                    AddressRange.of("127.0.0.1")));
                        });
    }

    @Configuration(proxyBeanMethods = false)
    static class Customizers {

        @Bean
        @Order(2)
        EchoServerConfigCustomizer last() {
            return config -> config.backlog(3);
        }

        @Bean
        @Order(1)
        EchoServerConfigCustomizer first() {
            return config -> config.backlog(2);
        }
    }

    /** Returns combinations of missing packages, and the beans that remain without them. */
    static Stream<Arguments> absences() {
        String actuator = "org.springframework.boot.actuate";
        String health = "org.springframework.boot.health";
        String micrometer = "io.micrometer";
        List<String> web =
                List.of(
                        "jakarta.servlet",
                        "org.apache.catalina",
                        "org.springframework.boot.web.server",
                        "org.springframework.boot.webmvc",
                        "org.springframework.web",
                        "reactor");
        List<String> all =
                Stream.concat(web.stream(), Stream.of(actuator, health, micrometer)).toList();
        return Stream.of(
                arguments(List.of(), Set.of("echoEndpoint", "echoHealth", "echoServerMetrics")),
                arguments(List.of(actuator), Set.of("echoHealth", "echoServerMetrics")),
                arguments(List.of(health), Set.of("echoEndpoint", "echoServerMetrics")),
                arguments(List.of(micrometer), Set.of("echoEndpoint", "echoHealth")),
                arguments(web, Set.of("echoEndpoint", "echoHealth", "echoServerMetrics")),
                arguments(all, Set.of()));
    }

    @ParameterizedTest
    @MethodSource("absences")
    void echoesWithoutOptionalDependencies(List<String> missing, Set<String> beans) {
        runner.withUserConfiguration(ApplicationWithWhatIsThere.class)
                .withPropertyValues("management.endpoints.web.exposure.include=echo")
                .withClassLoader(new FilteredClassLoader(missing.toArray(String[]::new)))
                .run(
                        context -> {
                            assertThat(context).hasNotFailed();
                            assertThat(
                                            Stream.of(
                                                            "echoEndpoint",
                                                            "echoHealthIndicator",
                                                            "echoServerMetrics")
                                                    .filter(context::containsBean)
                                                    .map(name -> name.replace("Indicator", "")))
                                    .containsExactlyInAnyOrderElementsOf(beans);
                            assertEchoes(context);
                        });
    }

    @Configuration(proxyBeanMethods = false)
    @Import(AutoConfigurationOfWhatIsThere.class)
    static class ApplicationWithWhatIsThere {}

    /** Omits the auto-configurations of missing jars, as they would be missing too. */
    static class AutoConfigurationOfWhatIsThere extends AutoConfigurationImportSelector {

        @Override
        protected List<String> getCandidateConfigurations(
                AnnotationMetadata metadata, @Nullable AnnotationAttributes attributes) {
            return super.getCandidateConfigurations(metadata, attributes).stream()
                    .filter(name -> ClassUtils.isPresent(name, getBeanClassLoader()))
                    .collect(Collectors.toCollection(ArrayList::new));
        }

        @Override
        protected AnnotationAttributes getAttributes(AnnotationMetadata metadata) {
            return new AnnotationAttributes(Map.of("exclude", none(), "excludeName", none()));
        }

        private static String[] none() {
            return new String[0];
        }
    }

    @Test
    void isFoundByAutoConfiguration() {
        new ApplicationContextRunner()
                .withUserConfiguration(AnyApplication.class)
                .withPropertyValues("echo.server.port=0", "spring.main.web-application-type=none")
                .run(EchoServerAutoConfigurationTest::assertEchoes);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class AnyApplication {}

    @Test
    void containsNothingThatAComponentScanFinds() throws IOException {
        String classes =
                EchoServerAutoConfiguration.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toString();
        var scanner = new ClassPathScanningCandidateComponentProvider(true);
        var autoConfiguration = new AutoConfigurationExcludeFilter();
        autoConfiguration.setBeanClassLoader(getClass().getClassLoader());
        scanner.addExcludeFilter(autoConfiguration);
        scanner.addExcludeFilter(
                (reader, factory) -> !reader.getResource().getURL().toString().startsWith(classes));
        assertThat(scanner.findCandidateComponents("io.epollecho.spring")).isEmpty();
    }

    private static void assertEchoes(AssertableApplicationContext context) throws IOException {
        assertThat(context).hasNotFailed();
        EchoPeer.assertEchoes(port(context));
    }

    private static int port(ApplicationContext context) {
        return context.getEnvironment()
                .getRequiredProperty(LocalEchoServerPort.PROPERTY, Integer.class);
    }
}
