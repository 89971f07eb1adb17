package io.epollecho.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.epollecho.Actuator;
import io.epollecho.Actuator.Answer;
import io.epollecho.EchoPeer;
import io.epollecho.server.EchoServer;
import io.epollecho.server.ListenerConfig;
import io.epollecho.server.SocketAddresses;
import io.epollecho.spring.EchoServerConfigCustomizer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Objects;

/** Tests of the endpoint of a server with two listeners. */
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "spring.config.location=optional:classpath:/none/",
            "management.endpoints.web.exposure.include=echo",
            "management.endpoint.echo.access=unrestricted",
            "echo.server.port=0"
        })
class EchoEndpointListenersTest {

    @Autowired private EchoServer server;

    private final Actuator actuator;

    EchoEndpointListenersTest(@LocalServerPort int httpPort) {
        this.actuator = new Actuator(httpPort);
    }

    @AfterEach
    void runAgain() {
        server.start();
    }

    @Test
    void showsEachListenerWithItsAddressAndFigures() throws IOException {
        long before = actuator.get("echo").number("$.listeners.second.bytes.received");
        try (EchoPeer first = EchoPeer.connect(address("default").getPort());
                EchoPeer second = EchoPeer.connect(address("second").getPort())) {
            first.exchange(10);
            second.exchange(200);
            Answer answer = actuator.get("echo");
            assertThat(answer.at("$.listeners.keys()")).hasToString("[default, second]");
            for (String listener : new String[] {"default", "second"}) {
                String path = "$.listeners." + listener;
                assertThat(answer.at(path + ".address"))
                        .isEqualTo(SocketAddresses.format(address(listener)));
                assertThat(answer.number(path + ".connections.active")).isEqualTo(1);
                assertThat(answer.number(path + ".connections.accepted")).isPositive();
                assertThat(answer.number(path + ".connections.closed.peer")).isNotNegative();
                assertThat(answer.number(path + ".connections.rejected.limit")).isZero();
            }
            assertThat(answer.number("$.listeners.default.backlog")).isEqualTo(4096);
            assertThat(answer.number("$.listeners.second.backlog")).isEqualTo(128);
            assertThat(answer.number("$.listeners.second.bytes.received") - before).isEqualTo(200);
            assertThat(answer.number("$.connections.active")).isEqualTo(2);
        }
    }

    @Test
    void namesTheListenerOfEachConnection() throws IOException {
        try (EchoPeer older = EchoPeer.connect(address("second").getPort())) {
            older.exchange(1);
            try (EchoPeer newer = EchoPeer.connect(address("default").getPort())) {
                newer.exchange(1);
                assertThat(actuator.get("echo/connections").at("$.connections[*].listener"))
                        .hasToString("[\"default\",\"second\"]");
            }
        }
        await().until(() -> server.statistics().active() == 0);
    }

    @Test
    void showsNoAddressesWhileStopped() {
        server.stop();
        Answer answer = actuator.get("echo");
        assertThat(answer.number("$.listeners.second.backlog")).isEqualTo(128);
        assertThat(answer.body()).doesNotContain("\"address\"");
    }

    private InetSocketAddress address(String listener) {
        return Objects.requireNonNull(server.localAddresses().get(listener));
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Host {

        @Bean
        EchoServerConfigCustomizer secondListener() {
            return config -> config.listener("second", new ListenerConfig(null, 0, 128));
        }
    }
}
