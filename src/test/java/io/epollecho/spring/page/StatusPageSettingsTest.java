package io.epollecho.spring.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.EpollEchoApplication;
import io.epollecho.PlainHttp;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import java.io.IOException;
import java.util.Objects;
import java.util.stream.Stream;

/** Tests of the status page under different settings of the application. */
@Tag("slow")
class StatusPageSettingsTest {

    private static final String OTHER_HOST = "Host: echo.example";

    private static ConfigurableApplicationContext run(Class<?> application, String... arguments) {
        return SpringApplication.run(
                application,
                Stream.concat(
                                Stream.of("--server.port=0", "--echo.server.port=0"),
                                Stream.of(arguments))
                        .toArray(String[]::new));
    }

    private static PlainHttp http(ConfigurableApplicationContext context, String port) {
        return new PlainHttp(
                Objects.requireNonNull(
                        context.getEnvironment().getProperty(port, Integer.class), port));
    }

    private static PlainHttp http(ConfigurableApplicationContext context) {
        return http(context, "local.server.port");
    }

    @Test
    void reflectsReadOnlyAccess() throws IOException {
        try (var context =
                run(EpollEchoApplication.class, "--management.endpoint.echo.access=read-only")) {
            assertThat(http(context).send("GET /", "Host: localhost").body())
                    .contains("data-access=\"read-only\"");
        }
    }

    @Test
    void isAbsentWithoutTheEndpoint() throws IOException {
        try (var context =
                run(
                        EpollEchoApplication.class,
                        "--management.endpoints.web.exposure.include=health")) {
            assertThat(http(context).send("GET /", "Host: localhost").status()).isEqualTo(404);
        }
    }

    @Test
    void answersForAnyHostOnANonLoopbackAddress() throws IOException {
        try (var context = run(EpollEchoApplication.class, "--server.address=0.0.0.0")) {
            assertThat(http(context).send("GET /", OTHER_HOST).status()).isEqualTo(200);
            assertThat(http(context).send("GET /actuator/echo", OTHER_HOST).status())
                    .isEqualTo(200);
        }
    }

    @Test
    void followsTheActuatorToASeparatePortAndPath() throws IOException {
        try (var context =
                run(
                        EpollEchoApplication.class,
                        "--management.server.port=0",
                        "--management.server.address=127.0.0.1",
                        "--management.server.base-path=/operations",
                        "--management.endpoints.web.base-path=/manage")) {
            PlainHttp management = http(context, "local.management.port");
            assertThat(management.send("GET /operations/", "Host: localhost").body())
                    .contains("data-endpoint=\"manage/echo\"");
            assertThat(management.send("GET /operations/manage/echo", "Host: localhost").status())
                    .isEqualTo(200);
            assertThat(management.send("GET /operations/manage/echo", OTHER_HOST).status())
                    .isEqualTo(403);
            assertThat(http(context).send("GET /", "Host: localhost").status()).isEqualTo(404);
        }
    }

    @Test
    void knowsThePathOfTheDispatcherServlet() throws IOException {
        try (var context = run(EpollEchoApplication.class, "--spring.mvc.servlet.path=/api")) {
            assertThat(http(context).send("GET /", "Host: localhost").body())
                    .contains("data-endpoint=\"api/actuator/echo\"");
            assertThat(http(context).send("GET /api/actuator/echo", "Host: localhost").status())
                    .isEqualTo(200);
            assertThat(
                            http(context)
                                    .send(
                                            "POST /api/actuator/echo",
                                            "Host: localhost",
                                            "Sec-Fetch-Site: cross-site")
                                    .status())
                    .isEqualTo(403);
        }
    }

    /** The relative paths in the page need the slash. */
    @Test
    void redirectsToTheSlashBelowAContextPath() throws IOException {
        try (var context = run(EpollEchoApplication.class, "--server.servlet.context-path=/x")) {
            PlainHttp.Answer answer = http(context).send("GET /x", "Host: localhost");
            assertThat(answer.status()).isEqualTo(302);
            assertThat(answer.head()).containsPattern("location: (http://localhost)?/x/\r");
            assertThat(http(context).send("GET /x/", "Host: localhost").body())
                    .contains("data-endpoint=\"actuator/echo\"");
        }
    }

    @Test
    void doesNotOccupyTheRootPathOfAHost() throws IOException {
        try (var context =
                run(
                        Host.class,
                        "--spring.config.location=optional:classpath:/none/",
                        "--server.address=127.0.0.1",
                        "--management.endpoints.web.exposure.include=echo")) {
            assertThat(http(context).send("GET /", "Host: localhost").status()).isEqualTo(404);
            assertThat(http(context).send("GET /actuator/echo", OTHER_HOST).status())
                    .isEqualTo(200);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Host {}
}
