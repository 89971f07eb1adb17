package com.example.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerState;
import io.epollecho.spring.LocalEchoServerPort;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.util.ClassUtils;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;

@SpringBootTest(properties = "echo.server.port=0")
class HostApplicationTest {

    private static final int PATIENCE_MILLIS = 10_000;

    @LocalEchoServerPort private int port;

    @Test
    void echoes() throws IOException {
        assertEchoes(port);
    }

    @Test
    void closesServerAndThreadsWithTheContext() throws IOException {
        EchoServer server;
        try (var context =
                SpringApplication.run(
                        HostApplication.class,
                        "--echo.server.port=0",
                        "--echo.server.event-loops=3")) {
            server = context.getBean(EchoServer.class);
            assertEchoes(server.localAddress().getPort());
            // The test class's own server has one event loop, echo-server-0, which keeps running.
            assertThat(threads()).contains("echo-server-1", "echo-server-2");
        }
        assertThat(server.state()).isEqualTo(EchoServerState.STOPPED);
        assertThat(threads()).doesNotContain("echo-server-1", "echo-server-2");
        assertThat(threads()).filteredOn("echo-server-0"::equals).hasSize(1);
        assertThatIOException()
                .isThrownBy(() -> assertEchoes(server.localAddress().getPort()))
                .withMessageContaining("refused");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jakarta.servlet.Servlet",
                "org.apache.catalina.startup.Tomcat",
                "org.springframework.web.context.WebApplicationContext",
                "org.springframework.boot.web.server.WebServer",
                "org.springframework.boot.actuate.endpoint.annotation.Endpoint",
                "org.springframework.boot.health.contributor.HealthIndicator",
                "io.micrometer.core.instrument.MeterRegistry"
            })
    void inheritsNeitherWebNorActuator(String className) {
        assertThat(ClassUtils.isPresent(className, getClass().getClassLoader())).isFalse();
    }

    private static void assertEchoes(int port) throws IOException {
        byte[] sent = "every byte, in order".getBytes(StandardCharsets.UTF_8);
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.getOutputStream().write(sent);
            socket.shutdownOutput();
            assertThat(socket.getInputStream().readAllBytes()).isEqualTo(sent);
        }
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName).toList();
    }
}
