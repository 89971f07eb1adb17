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

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.security.Security;
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
 * failed; 2 for invalid usage; 3 if no message was answered or the rate was not reached, although
 * nothing failed; 4 if the output could not be written.
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
                    + " connections; 2 invalid usage; 3 nothing failed, but no message was"
                    + " answered or the rate was not reached; 4 the output cannot be written.",
            "When interrupted, the probe still writes its summary and returns one of these codes."
        })
public final class ProbeCommand implements Callable<Integer> {

    private static final int FAILED = 1;
    private static final int BAD_USAGE = 2;
    private static final int MAX_PORT = 65_535;
    private static final long MOST_MESSAGES = Long.MAX_VALUE - 1;
    private static final int INCOMPLETE = 3;
    private static final int OUTPUT_FAILED = 4;

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
    private @Nullable BigInteger port;

    @Option(
            names = "--connections",
            paramLabel = "N",
            description = "Connections to open (default: ${DEFAULT-VALUE}).")
    private BigInteger connections = BigInteger.valueOf(ProbeOptions.DEFAULT_CONNECTIONS);

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            description = "Bytes in a message (default: ${DEFAULT-VALUE}).")
    private BigInteger size = BigInteger.valueOf(ProbeOptions.DEFAULT_SIZE);

    @Option(
            names = "--pipeline",
            paramLabel = "K",
            description = "Maximum unanswered messages per connection (default: ${DEFAULT-VALUE}).")
    private BigInteger pipeline = BigInteger.valueOf(ProbeOptions.DEFAULT_PIPELINE);

    @Option(
            names = "--rate",
            paramLabel = "R",
            description = "Messages per second over all connections (default: maximum speed).")
    private @Nullable BigDecimal rate;

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
    private @Nullable BigInteger count;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            description =
                    "Longest time to wait for a connection, an answer, or all answers after the"
                            + " end of the run (default: 5s).")
    private Duration timeout = ProbeOptions.DEFAULT_TIMEOUT;

    @Mixin private final AddressArguments addresses = new AddressArguments();

    @Mixin private final TlsArguments tls = new TlsArguments();

    @Mixin private final ProxyArguments proxyHeader = new ProxyArguments();

    @Option(
            names = "--expect-greeting",
            description = "Verify epoll-echo's greeting, and count the connections of each server.")
    private boolean greetingExpected;

    @Option(names = "--reconnect", description = "Reopen lost connections, and report outages.")
    private boolean reconnect;

    @Mixin private final OutputArguments output = new OutputArguments();

    private final StandardOutput out;

    private ProbeCommand(StandardOutput out) {
        this.out = out;
    }

    /**
     * Runs the command in this process. If a signal terminates the process, the probe ends first,
     * writes its summary and sets the exit code.
     *
     * @param args the command-line arguments
     * @return the exit code
     */
    public static int run(String... args) {
        // The JDK reads these at its first lookup. Otherwise it keeps an address for 30 seconds
        // and a failure for 10, and the probe would report that as an outage of the server.
        Security.setProperty("networkaddress.cache.ttl", "0");
        Security.setProperty("networkaddress.cache.negative.ttl", "0");
        // Not System.out, which hides the reason why it cannot be written.
        var out =
                new StandardOutput(new FileOutputStream(FileDescriptor.out), System.out.charset());
        return run(out, new PrintWriter(System.err, true, System.err.charset()), args);
    }

    static int run(StandardOutput out, PrintWriter err, String... args) {
        var command = new CommandLine(new ProbeCommand(out));
        command.getCommandSpec().addOption(HELP);
        command.addSubcommand(new AutoComplete.GenerateCompletion());
        int exitCode =
                command.setOut(out.writer())
                        .setErr(err)
                        .registerConverter(Duration.class, ProbeCommand::duration)
                        .registerConverter(
                                BigInteger.class, numbers("a whole number", BigInteger::new))
                        .registerConverter(BigDecimal.class, numbers("a number", BigDecimal::new))
                        .setParameterExceptionHandler(
                                (e, _) ->
                                        error(
                                                err,
                                                e.getMessage() + " (see --help for the options)",
                                                BAD_USAGE))
                        .setExecutionExceptionHandler(
                                (e, _, _) -> {
                                    if (e instanceof OutputException) {
                                        return error(err, e.getMessage(), OUTPUT_FAILED);
                                    }
                                    if (e instanceof IOException) {
                                        return error(err, e.getMessage(), FAILED);
                                    }
                                    throw e;
                                })
                        .execute(args);
        try {
            out.check(); // picocli writes the help and the completion
            return exitCode;
        } catch (OutputException e) {
            return exitCode == OUTPUT_FAILED ? exitCode : error(err, e.getMessage(), OUTPUT_FAILED);
        }
    }

    private static int error(PrintWriter err, @Nullable String message, int exitCode) {
        err.println("probe: " + message);
        return exitCode;
    }

    private static Duration duration(String text) {
        try {
            return Durations.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(
                    "'"
                            + text
                            + "' is not a duration such as 500ms, 10s, 5m, 2h or 1d, up to 365d");
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
            exitCode.complete(probe(options, exitCode));
        } catch (OutputException e) {
            exitCode.complete(OUTPUT_FAILED);
            throw e;
        } finally {
            exitCode.complete(FAILED);
        }
        return exitCode.join();
    }

    private int probe(ProbeOptions options, CompletableFuture<Integer> exitCode)
            throws IOException {
        Listeners listeners;
        ProbeReport report;
        try (Outputs outputs = outputs(options.connections())) {
            listeners = outputs.listeners();
            Probe probe = Probe.open(options, listeners);
            listeners.whenFailed(probe::stop);
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(() -> finish(probe, exitCode), "probe-shutdown"));
            report = probe.run();
        }
        out.line(output.format(report));
        listeners.check();
        return report.flawless() ? report.successful() ? 0 : INCOMPLETE : FAILED;
    }

    private Outputs outputs(int connections) {
        try {
            return output.open(out, spec.commandLine().getErr(), Terminal.isStderr(), connections);
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
            if (rate != null
                    && (rate.compareTo(ProbeOptions.MIN_RATE) < 0
                            || rate.compareTo(ProbeOptions.MAX_RATE) > 0)) {
                throw new InvalidOptionException("rate", rate, ProbeOptions.RATE_RANGE);
            }
            if (count != null && duration != null) {
                throw new InvalidOptionException(
                        "count", count, "cannot be combined with --duration");
            }
            output.validate();
            InetSocketAddress source = addresses.source();
            ProbeOptions.Builder builder =
                    ProbeOptions.builder(
                                    InetSocketAddress.createUnresolved(
                                            server.host(), server.port()))
                            .family(addresses.family(server.host(), source))
                            .source(source)
                            .connections(
                                    within(
                                            ProbeOptions.MAX_CONNECTIONS,
                                            "connections",
                                            connections))
                            .size(within(ProbeOptions.MAX_SIZE, "size", size))
                            .pipeline(within(ProbeOptions.MAX_PIPELINE, "pipeline", pipeline))
                            .rate(rate == null ? 0 : rate.doubleValue())
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
                builder.count(within(MOST_MESSAGES, "count", count));
            }
            return builder.build();
        } catch (InvalidOptionException e) {
            throw badUsage(e);
        }
    }

    /** Returns the value of an option that permits 1 to a maximum. */
    private static int within(int max, String option, BigInteger value) {
        return (int) within((long) max, option, value);
    }

    static int port(String option, BigInteger value) {
        return within(MAX_PORT, option, value);
    }

    private static long within(long max, String option, BigInteger value) {
        if (value.signum() <= 0 || value.compareTo(BigInteger.valueOf(max)) > 0) {
            throw new InvalidOptionException(option, value, "must be between 1 and " + max);
        }
        return value.longValueExact();
    }

    private HostAndPort server() {
        if (target == null) {
            if (host == null || port == null) {
                throw new ParameterException(
                        spec.commandLine(), "specify HOST:PORT, or both --host and --port");
            }
            return new HostAndPort(host, port("port", port));
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
