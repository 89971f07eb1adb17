package io.epollecho.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.EchoPeer;
import io.epollecho.server.EchoServer;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

import java.io.IOException;

@SpringBootTest(webEnvironment = WebEnvironment.NONE, properties = "echo.server.port=0")
class LocalEchoServerPortTest {

    @LocalEchoServerPort private int field;

    @Test
    void isInjectedWithThePortThatIsBound(
            @LocalEchoServerPort int parameter,
            @Autowired Environment environment,
            @Autowired EchoServer server)
            throws IOException {
        assertThat(field).isEqualTo(server.localAddress().getPort()).isEqualTo(parameter);
        assertThat(environment.getProperty("local.echo.server.port", Integer.class))
                .isEqualTo(field);
        EchoPeer.assertEchoes(field);
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration(EchoServerAutoConfiguration.class)
    static class Application {}
}
