package io.epollecho;

import io.epollecho.server.Setting;
import io.epollecho.spring.EchoServerProperties;
import io.epollecho.spring.EchoServerPropertyNames;

import java.io.PrintStream;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The command line of the server. It handles the arguments that do not start a server, such as
 * {@code --help}, and rejects those that Spring Boot would silently ignore. Every option is a
 * property: of the echo server, of Spring Boot or of a library in the jar.
 */
final class ServerCommand {

    private static final int OK = 0;
    private static final int BAD_USAGE = 2;
    private static final int OUTPUT_FAILED = 4; // the probe's code for it, too

    private static final String PROGRAM = "epoll-echo";
    private static final String OPTION = "--";

    /** The options of Spring Boot whose names contain no dot. */
    private static final Set<String> FLAGS = Set.of("debug", "trace");

    private final PrintStream out;
    private final PrintStream err;

    ServerCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /**
     * Returns the exit code if the arguments do not start a server, or empty if the server should
     * start.
     */
    OptionalInt run(String... args) {
        for (String argument : args) {
            if (argument.equals("--help") || argument.equals("-h")) {
                return written(help());
            }
            if (argument.equals("--version")) {
                return written(PROGRAM + " " + version());
            }
        }
        for (String argument : args) {
            Optional<String> mistake = mistake(argument);
            if (mistake.isPresent()) {
                err.println(PROGRAM + ": " + mistake.get() + " --help lists commands and options.");
                return OptionalInt.of(BAD_USAGE);
            }
        }
        return OptionalInt.empty();
    }

    private OptionalInt written(String text) {
        out.println(text);
        if (out.checkError()) {
            err.println(PROGRAM + ": standard output cannot be written.");
            return OptionalInt.of(OUTPUT_FAILED);
        }
        return OptionalInt.of(OK);
    }

    private static Optional<String> mistake(String argument) {
        if (!argument.startsWith("-")) {
            return Optional.of(
                    String.format(
                            Locale.ROOT,
                            "Unknown command %s. The only command is probe, which must come first.",
                            argument));
        }
        int end = argument.indexOf('=');
        String option = end < 0 ? argument : argument.substring(0, end);
        String name = option.replaceFirst("^--?", "");
        if (!option.startsWith(OPTION)) {
            return Optional.of(unknown(option, name));
        }
        if (EchoServerPropertyNames.isKnown(name)) {
            return end < 0
                    ? Optional.of(
                            String.format(Locale.ROOT, "%s needs a value: %1$s=<value>.", option))
                    : Optional.empty();
        }
        return FLAGS.contains(name) || (name.contains(".") && KnownOptions.read().contains(name))
                ? Optional.empty()
                : Optional.of(unknown(option, name));
    }

    private static String unknown(String option, String name) {
        return String.format(Locale.ROOT, "Unknown option %s.", option)
                + EchoServerPropertyNames.nearest(name, KnownOptions.read().names())
                        .map(nearest -> " Did you mean " + OPTION + nearest + "?")
                        .orElse("");
    }

    private static String version() {
        return Objects.requireNonNullElse(
                ServerCommand.class.getPackage().getImplementationVersion(), "(not packaged)");
    }

    private static String help() {
        return String.format(
                        Locale.ROOT,
                        """
                        Usage: java -jar <this jar> [--<property>=<value> ...]
                               java -jar <this jar> probe HOST:PORT [option ...]

                        Runs a TCP echo server (RFC 862), with health, metrics and an actuator endpoint over HTTP.
                        The probe command puts load on an echo server and checks its answers; see probe --help.

                        Options are properties. You can also set them in application.yml in the working directory
                        or in the environment: ECHO_SERVER_PORT=7000 is the same as --echo.server.port=7000. The
                        properties of the server and their defaults:

                        %s

                        address, port, backlog, proxy-protocol, ssl and greeting configure the default listener.
                        To add a listener, use --echo.server.listeners.<name>.port and so on, with any name.

                        Some properties of Spring Boot:

                          --server.address=127.0.0.1  address of the HTTP server for health and metrics
                          --server.port=8080          port of the HTTP server for health and metrics
                          --logging.level.io.epollecho=debug
                          --debug

                        --version prints the version. Exit codes: 0 after a normal exit, 1 if the server fails to
                        start, 2 if the command line is invalid, 130 after Ctrl-C, 143 after SIGTERM.
                        """,
                        EchoServerPropertyNames.settings().stream()
                                .map(ServerCommand::describe)
                                .collect(Collectors.joining("\n")))
                .strip();
    }

    private static String describe(Setting<?> setting) {
        return String.format(
                Locale.ROOT,
                "  %s%s.%s=%s%n      %s",
                OPTION,
                EchoServerProperties.PREFIX,
                setting.key(),
                Objects.requireNonNullElse(setting.defaultText(), "<unset>"),
                setting.allowed());
    }
}
