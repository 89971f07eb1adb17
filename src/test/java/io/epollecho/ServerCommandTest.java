package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

class ServerCommandTest {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    /** As {@code --help > /dev/full} does. */
    @ParameterizedTest
    @ValueSource(strings = {"--help", "--version"})
    void reportsThatTheOutputCannotBeWritten(String option) {
        var full =
                new OutputStream() {
                    @Override
                    public void write(int b) throws IOException {
                        throw new IOException("No space left on device");
                    }
                };
        var command =
                new ServerCommand(
                        new PrintStream(full, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8));
        assertThat(command.run(option)).hasValue(4);
        assertThat(text(err)).startsWith("epoll-echo: standard output cannot be written.");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "prboe echo.example:7 | Unknown command prboe. The only command is"
                        + " probe, which must come first.",
                "--echo.server.port=0 probe | Unknown command probe. The only command is"
                        + " probe, which must come first.",
                "help | Unknown command help. The only command is probe",
                "--port=7000 | Unknown option --port. Did you mean --echo.server.port?",
                "--prot=7000 | Unknown option --prot. Did you mean --echo.server.port?",
                "--port | Unknown option --port. Did you mean --echo.server.port?",
                "-p | Unknown option -p.",
                "-port=7000 | Unknown option -port. Did you mean --echo.server.port?",
                "--idle-timeout=1m | Unknown option --idle-timeout. Did you mean"
                        + " --echo.server.connections.idle-timeout?",
                "--echo.server.prot=1 | Unknown option --echo.server.prot. Did you mean"
                        + " --echo.server.port?",
                "--echo.port=1 | Unknown option --echo.port. Did you mean --echo.server.port?",
                "--ehco.server.port=1 | Unknown option --ehco.server.port. Did you mean"
                        + " --echo.server.port?",
                "--echo.server.listeners.b.prot=1 | Unknown option"
                        + " --echo.server.listeners.b.prot. Did you mean"
                        + " --echo.server.listeners.b.port?",
                "--echo.server.zzz=1 | Unknown option --echo.server.zzz. --help lists",
                "--echo.server.connections=1 | Unknown option --echo.server.connections.",
                "--echo.server.port 7000 | --echo.server.port needs a value:"
                        + " --echo.server.port=<value>.",
                "--echo.sever.port=1 | Unknown option --echo.sever.port. Did you mean"
                        + " --echo.server.port?",
                "--sever.port=1 | Unknown option --sever.port. Did you mean --server.port?",
                "--server.prot=1 | Unknown option --server.prot. Did you mean --server.port?",
                "--echo-server.port=1 | Unknown option --echo-server.port. Did you mean"
                        + " --echo.server.port?",
                "--spring.aplication.name=x | Unknown option --spring.aplication.name. Did you mean"
                        + " --spring.application.name?",
                "--logging.levl.root=debug | Unknown option --logging.levl.root.",
                "--managment.server.port=1 | Unknown option --managment.server.port. Did you mean"
                        + " --management.server.port?",
                "--server.port.x=1 | Unknown option --server.port.x.",
                "-- | Unknown option --.",
                "--=x | Unknown option --.",
                "--echo..port=1 | Unknown option --echo..port.",
                "--echo.server.listeners.port=1 | Unknown option",
            })
    void explainsAMistakeInOneLine(String arguments, String message) {
        assertThat(run(arguments)).hasValue(2);
        assertThat(text(err)).startsWith("epoll-echo: " + message).hasLineCount(1);
        assertThat(text(err))
                .endsWith("--help lists commands and options." + System.lineSeparator());
        assertThat(text(out)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--echo.server.port=7000 --echo.server.connections.max=1",
                "--echo.server.readBufferSize=1KB",
                "--echo.server.listeners.second.port=7001",
                "--echo.server.enabled=false",
                "--echo.server.address=",
                "--server.port=0 --server.port=1",
                "--spring.config.location=/etc/x.yml --spring.profiles.active=a",
                "--logging.level.root=debug",
                "--management.endpoints.web.exposure.include=*",
                "--debug",
                "--trace=true",
                "--info.owner=me",
                "--server.shutdown=immediate --SERVER.http2.enabled=true",
                "--management.endpoints.web.exposure.include[0]=echo",
                "--spring.ssl.bundle.pem.web.keystore.certificate=a.crt",
                "--management.endpoint.echo.access=read-only",
                "--management.endpoint.health.group.readiness.include=readinessState",
                "--management.health.echo.enabled=false",
                "--logging.structured.format.console=ecs",
                "--spring.jmx.enabled=true --spring.lifecycle.timeout-per-shutdown-phase=40s",
            })
    void leavesPropertiesToSpring(String arguments) {
        assertThat(run(arguments)).isEmpty();
        assertThat(text(out) + text(err)).isEmpty();
    }

    @Test
    void startsWithoutArguments() {
        assertThat(new ServerCommand(System.out, System.err).run()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "-h", "--echo.server.port=0 --help", "prboe -h"})
    void printsHelp(String arguments) {
        assertThat(run(arguments)).hasValue(0);
        assertThat(text(out))
                .contains(
                        "probe HOST:PORT",
                        "--echo.server.port=7777",
                        "0 to 65535, where 0 takes any free port",
                        "--echo.server.shutdown.drain-timeout=20s",
                        "--echo.server.socket.send-buffer=<unset>",
                        "--echo.server.listeners.<name>.port",
                        "--server.port=8080");
        assertThat(text(out).lines()).allSatisfy(line -> assertThat(line).hasSizeLessThan(100));
        assertThat(text(err)).isEmpty();
    }

    @Test
    void printsTheVersion() {
        assertThat(run("--version")).hasValue(0);
        assertThat(text(out)).startsWith("epoll-echo ").hasLineCount(1);
    }

    private OptionalInt run(String arguments) {
        return new ServerCommand(print(out), print(err)).run(arguments.split(" "));
    }

    private static PrintStream print(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    private static String text(ByteArrayOutputStream bytes) {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
