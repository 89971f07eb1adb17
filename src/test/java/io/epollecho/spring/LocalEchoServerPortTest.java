package io.epollecho.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.epollecho.EchoPeer;
import io.epollecho.server.EchoServer;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.Environment;

import java.io.IOException;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.net.InetSocketAddress;

@SpringBootTest(
        webEnvironment = WebEnvironment.NONE,
        properties = {
            "echo.server.port=0",
            "echo.server.listeners.second.port=0",
            "some.value=an ordinary one"
        })
class LocalEchoServerPortTest {

    private final int ofConstructor;
    private final int secondOfConstructor;

    @LocalEchoServerPort private int field;

    @LocalEchoServerPort("second")
    private int secondField;

    @Second private int composed;

    private @Nullable Integer secondOfMethod;

    @Autowired
    LocalEchoServerPortTest(
            @LocalEchoServerPort int port, @LocalEchoServerPort("second") int second) {
        this.ofConstructor = port;
        this.secondOfConstructor = second;
    }

    @LocalEchoServerPort("second")
    void second(int port) {
        this.secondOfMethod = port;
    }

    @Retention(RetentionPolicy.RUNTIME)
    @LocalEchoServerPort("second")
    @interface Second {}

    @Test
    void injectsTheBoundPort(
            @LocalEchoServerPort int parameter,
            @LocalEchoServerPort("default") int ofDefault,
            @Autowired EchoServer server)
            throws IOException {
        assertThat(field)
                .isEqualTo(server.localAddress().getPort())
                .isEqualTo(ofConstructor)
                .isEqualTo(parameter)
                .isEqualTo(ofDefault);
        EchoPeer.assertEchoes(field);
    }

    @Test
    void injectsThePortOfANamedListener(
            @LocalEchoServerPort("second") int parameter, @Autowired EchoServer server)
            throws IOException {
        assertThat(server.localAddresses().values())
                .extracting(InetSocketAddress::getPort)
                .containsExactly(field, secondField);
        assertThat(secondField)
                .isEqualTo(secondOfConstructor)
                .isEqualTo(secondOfMethod)
                .isEqualTo(composed)
                .isEqualTo(parameter)
                .isNotEqualTo(field);
        EchoPeer.assertEchoes(secondField);
    }

    @Test
    void definesAPropertyForEachListener(
            @Autowired Environment environment, @Autowired EchoServer server) {
        server.localAddresses()
                .forEach(
                        (name, address) ->
                                assertThat(
                                                environment.getProperty(
                                                        "local.echo.server." + name + ".port",
                                                        Integer.class))
                                        .isEqualTo(address.getPort()));
        assertThat(server.localAddresses()).contains(entry("default", server.localAddress()));
        assertThat(environment.getProperty("local.echo.server.port", Integer.class))
                .isEqualTo(field);
    }

    @Test
    void doesNotAffectOtherInjection(
            @Value("${some.value}") String value,
            @Autowired @Lazy @Qualifier("echoServerLifecycle") SmartLifecycle lazy) {
        assertThat(value).isEqualTo("an ordinary one");
        assertThat(AopUtils.isAopProxy(lazy)).isTrue();
        assertThat(lazy.isRunning()).isTrue();
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration(EchoServerAutoConfiguration.class)
    static class Application {

        @Bean
        @Lazy
        String late(@LocalEchoServerPort("second") int port) {
            return "second at " + port;
        }
    }

    @Test
    void injectsIntoBeansCreatedLater(@Autowired String late) {
        assertThat(late).isEqualTo("second at " + secondField);
    }
}
