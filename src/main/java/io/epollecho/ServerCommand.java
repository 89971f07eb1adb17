package io.epollecho;

import io.epollecho.server.Setting;
import io.epollecho.spring.EchoServerProperties;
import io.epollecho.spring.EchoServerPropertyNames;

import java.io.PrintStream;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The command line of the server: handles arguments that start no server, and refuses what Spring
 * Boot would silently ignore. Options are properties; those of Spring Boot and of libraries, which
 * all have a dot in their names, are left to them.
 */
final class ServerCommand {

    private static final int OK = 0;
    private static final int BAD_USAGE = 2;

    private static final String PROGRAM = "epoll-echo";
    private static final String OPTION = "--";

    /** The options of Spring Boot that have no dot. */
    private static final Set<String> FLAGS = Set.of("debug", "trace");

    private final PrintStream out;
    private final PrintStream err;

    ServerCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /** Returns the exit code of a command line that starts no server; empty to start one. */
    OptionalInt run(String... args) {
        for (String argument : args) {
            if (argument.equals("--help") || argument.equals("-h")) {
                out.println(help());
                return OptionalInt.of(OK);
            }
            if (argument.equals("--version")) {
                out.println(PROGRAM + " " + version());
                return OptionalInt.of(OK);
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

    private static Optional<String> mistake(String argument) {
        if (!argument.startsWith("-")) {
            return Optional.of(
                    "There is no command %s. The only one is probe, as the first argument."
                            .formatted(argument));
        }
        int end = argument.indexOf('=');
        String option = end < 0 ? argument : argument.substring(0, end);
        String name = option.replaceFirst("^--?", "");
        if (!option.startsWith(OPTION)) {
            return Optional.of(unknown(option, name));
        }
        if (EchoServerPropertyNames.isKnown(name)) {
            return end < 0
                    ? Optional.of("%s needs a value: %1$s=<value>.".formatted(option))
                    : Optional.empty();
        }
        return isForeign(name) ? Optional.empty() : Optional.of(unknown(option, name));
    }

    private static boolean isForeign(String name) {
        return FLAGS.contains(name)
                || (name.contains(".") && !EchoServerPropertyNames.isLike(name));
    }

    private static String unknown(String option, String name) {
        return "There is no option %s.".formatted(option)
                + EchoServerPropertyNames.nearest(name)
                        .map(nearest -> " Did you mean " + OPTION + nearest + "?")
                        .orElse("");
    }

    private static String version() {
        return Objects.requireNonNullElse(
                ServerCommand.class.getPackage().getImplementationVersion(), "(not packaged)");
    }

    private static String help() {
        return """
        Usage: java -jar <this jar> [--<property>=<value> ...]
               java -jar <this jar> probe HOST:PORT [option ...]

        Runs a TCP echo server (RFC 862), with health, meters and an endpoint over HTTP.
        The command probe loads an echo server and checks its answers; see probe --help.

        Options are properties, which may also be in application.yml in the working directory, or
        in the environment: ECHO_SERVER_PORT=7000 is --echo.server.port=7000. Those of the server,
        with their defaults:

        %s

        address, port, backlog, proxy-protocol, ssl and greeting are those of the listener default.
        A further listener of any name has its own: --echo.server.listeners.<name>.port and so on.

        Some of those of Spring Boot:

          --server.address=127.0.0.1  address of health, meters and endpoint
          --server.port=8080          port of health, meters and endpoint
          --logging.level.io.epollecho=debug
          --debug

        --version prints the version. Exit codes: 0 after an orderly end, 1 if the start fails, 2 for
        a wrong command line, 143 after SIGTERM.
        """
                .formatted(
                        EchoServerPropertyNames.settings().stream()
                                .map(ServerCommand::describe)
                                .collect(Collectors.joining("\n")))
                .strip();
    }

    private static String describe(Setting<?> setting) {
        return "  %s%s.%s=%s%n      %s"
                .formatted(
                        OPTION,
                        EchoServerProperties.PREFIX,
                        setting.key(),
                        Objects.requireNonNullElse(setting.defaultText(), "<unset>"),
                        setting.allowed());
    }
}
