package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * The command-line interface of the probe. It writes progress to standard error, or one line per
 * interval to standard output, and finally a summary to standard output.
 *
 * <p>Exit codes: 0 if every byte came back right; 1 if bytes were wrong or missing, or connections
 * failed; 2 for invalid usage.
 */
@Command(
        name = "probe",
        sortOptions = false,
        description = {
            "Puts load on a TCP echo server and verifies every byte that comes back.",
            "Without --rate, each answer triggers the next message. With --rate, messages are sent"
                    + " at constant intervals, and latency is measured from the time each was due."
        },
        footer = {
            "",
            "Exit codes: 0 every byte came back right; 1 wrong or missing bytes, or failed"
                    + " connections; 2 invalid usage.",
            "When interrupted, the probe still writes its summary and returns one of these codes."
        })
public final class ProbeCommand implements Callable<Integer> {

    private static final int FAILED = 1;
    private static final int BAD_USAGE = 2;

    private static final OptionSpec HELP =
            OptionSpec.builder("--help").usageHelp(true).description("Show this help.").build();

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Parameters(
            arity = "0..1",
            paramLabel = "HOST:PORT",
            description = "Echo server to probe; enclose an IPv6 address in brackets.")
    private @Nullable String target;

    @Option(names = "--host", paramLabel = "HOST", description = "Host, instead of HOST:PORT.")
    private @Nullable String host;

    @Option(names = "--port", paramLabel = "PORT", description = "Port, instead of HOST:PORT.")
    private @Nullable Integer port;

    @Option(
            names = "--connections",
            paramLabel = "N",
            description = "Connections to open (default: ${DEFAULT-VALUE}).")
    private int connections = ProbeOptions.DEFAULT_CONNECTIONS;

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            description = "Bytes in a message (default: ${DEFAULT-VALUE}).")
    private int size = ProbeOptions.DEFAULT_SIZE;

    @Option(
            names = "--pipeline",
            paramLabel = "K",
            description = "Maximum unanswered messages per connection (default: ${DEFAULT-VALUE}).")
    private int pipeline = ProbeOptions.DEFAULT_PIPELINE;

    @Option(
            names = "--rate",
            paramLabel = "R",
            description = "Messages per second over all connections (default: maximum speed).")
    private @Nullable Double rate;

    @Option(
            names = "--warmup",
            paramLabel = "TIME",
            description = "Time to apply load before measuring, such as 2s (default: none).")
    private Duration warmup = Duration.ZERO;

    @Option(
            names = "--duration",
            paramLabel = "TIME",
            description =
                    "Time to measure, such as 500ms, 10s or 2h; 0 to run until interrupted"
                            + " (default: 10s).")
    private @Nullable Duration duration;

    @Option(
            names = "--count",
            paramLabel = "N",
            description = "Messages to send over all connections, instead of --duration.")
    private @Nullable Long count;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            description = "Longest time to wait for a connection or an answer (default: 5s).")
    private Duration timeout = ProbeOptions.DEFAULT_TIMEOUT;

    @Mixin private final TlsArguments tls = new TlsArguments();

    @Mixin private final ProxyArguments proxyHeader = new ProxyArguments();

    @Option(
            names = "--expect-greeting",
            description = "Verify epoll-echo's greeting, and count the connections of each server.")
    private boolean greetingExpected;

    @Option(names = "--reconnect", description = "Reopen lost connections, and report outages.")
    private boolean reconnect;

    @Mixin private final OutputArguments output = new OutputArguments();

    private ProbeCommand() {}

    /**
     * Runs the command in this process. If a signal terminates the process, the probe ends first,
     * writes its summary and sets the exit code.
     *
     * @param args the command-line arguments
     * @return the exit code
     */
    public static int run(String... args) {
        return run(writer(System.out), writer(System.err), args);
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, stream.charset());
    }

    static int run(PrintWriter out, PrintWriter err, String... args) {
        var command = new CommandLine(new ProbeCommand());
        command.getCommandSpec().addOption(HELP);
        command.addSubcommand(new AutoComplete.GenerateCompletion());
        return command.setOut(out)
                .setErr(err)
                .registerConverter(Duration.class, ProbeCommand::duration)
                .registerConverter(int.class, numbers("a whole number", Integer::valueOf))
                .registerConverter(Integer.class, numbers("a whole number", Integer::valueOf))
                .registerConverter(Long.class, numbers("a whole number", Long::valueOf))
                .registerConverter(Double.class, numbers("a number", Double::valueOf))
                .registerConverter(BigDecimal.class, numbers("a number", BigDecimal::new))
                .setParameterExceptionHandler(
                        (e, _) -> {
                            err.println(
                                    "probe: " + e.getMessage() + " (see --help for the options)");
                            return BAD_USAGE;
                        })
                .execute(args);
    }

    private static Duration duration(String text) {
        try {
            return Durations.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(
                    "'" + text + "' is not a duration such as 500ms, 10s, 5m, 2h or 1d");
        }
    }

    private static <T extends Number> ITypeConverter<T> numbers(
            String what, Function<String, T> parser) {
        return text -> {
            try {
                return parser.apply(text);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + text + "' is not " + what);
            }
        };
    }

    @Override
    public Integer call() throws IOException {
        ProbeOptions options = options();
        var exitCode = new CompletableFuture<Integer>();
        try {
            ProbeReport report = probe(options, exitCode);
            PrintWriter out = spec.commandLine().getOut();
            out.println(output.format(report));
            out.flush();
            exitCode.complete(report.flawless() ? 0 : FAILED);
        } finally {
            exitCode.complete(FAILED);
        }
        return exitCode.join();
    }

    private ProbeReport probe(ProbeOptions options, CompletableFuture<Integer> exitCode)
            throws IOException {
        try (Outputs outputs = outputs()) {
            Probe probe = Probe.open(options, outputs.listener());
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(() -> finish(probe, exitCode), "probe-shutdown"));
            return probe.run();
        }
    }

    private Outputs outputs() {
        CommandLine command = spec.commandLine();
        try {
            return output.open(
                    command.getOut(), command.getErr(), Terminal.isStderr(), connections);
        } catch (InvalidOptionException e) {
            throw badUsage(e);
        }
    }

    private ParameterException badUsage(InvalidOptionException e) {
        return new ParameterException(
                spec.commandLine(), Objects.requireNonNull(e.getMessage()), e);
    }

    /**
     * Called while the JVM shuts down: waits until the probe has ended and written its summary, and
     * then halts with the probe's exit code instead of the signal's.
     */
    private static void finish(Probe probe, CompletableFuture<Integer> exitCode) {
        if (!exitCode.isDone()) {
            probe.stop();
            Runtime.getRuntime().halt(exitCode.join());
        }
    }

    private ProbeOptions options() {
        try {
            HostAndPort server = server();
            if (rate != null && rate == 0) {
                throw new InvalidOptionException("rate", rate, "must be above 0, or omitted");
            }
            if (count != null && duration != null) {
                throw new InvalidOptionException(
                        "count", count, "cannot be combined with --duration");
            }
            if (count != null && count == 0) {
                throw new InvalidOptionException("count", count, "must be at least 1");
            }
            output.validate();
            ProbeOptions.Builder builder =
                    ProbeOptions.builder(new InetSocketAddress(server.host(), server.port()))
                            .connections(connections)
                            .size(size)
                            .pipeline(pipeline)
                            .rate(Objects.requireNonNullElse(rate, 0.0))
                            .warmup(warmup)
                            .timeout(timeout)
                            .tls(tls.resolve(server.host()))
                            .proxyHeader(proxyHeader.resolve())
                            .greetingExpected(greetingExpected)
                            .reconnect(reconnect)
                            .interval(output.interval());
            if (duration != null) {
                builder.duration(duration);
            }
            if (count != null) {
                builder.count(count);
            }
            return builder.build();
        } catch (InvalidOptionException e) {
            throw badUsage(e);
        }
    }

    private HostAndPort server() {
        if (target == null) {
            if (host == null || port == null) {
                throw new ParameterException(
                        spec.commandLine(), "specify HOST:PORT, or both --host and --port");
            }
            if (port < 1 || port > 65_535) {
                throw new InvalidOptionException("port", port, "must be between 1 and 65535");
            }
            return new HostAndPort(host, port);
        }
        if (host != null) {
            throw new InvalidOptionException("host", host, "cannot be combined with " + target);
        }
        if (port != null) {
            throw new InvalidOptionException("port", port, "cannot be combined with " + target);
        }
        try {
            return HostAndPort.of(target);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    spec.commandLine(),
                    target + ": must be HOST:PORT, such as echo.example:7 or [2001:db8::1]:7",
                    e);
        }
    }
}
