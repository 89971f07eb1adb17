package io.epollecho.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The benchmark's handle of a client process. */
final class ClientProcess implements AutoCloseable {

    private final Process process;
    private final BufferedWriter in;
    private final BufferedReader out;

    private ClientProcess(List<String> prefix) throws IOException {
        var line = new ArrayList<>(prefix);
        line.addAll(Contenders.client());
        process = new ProcessBuilder(line).redirectError(Redirect.INHERIT).start();
        in = process.outputWriter(StandardCharsets.UTF_8);
        out = process.inputReader(StandardCharsets.UTF_8);
    }

    static ClientProcess start() throws IOException {
        return new ClientProcess(List.of("taskset", "-c", "1"));
    }

    /** Starts a client with the lowest priority, which yields the CPU to another client. */
    static ClientProcess startNice() throws IOException {
        return new ClientProcess(List.of("nice", "-n", "19", "taskset", "-c", "1"));
    }

    /**
     * Runs work against a server.
     *
     * @throws IOException if a byte is wrong or missing, so that there is no figure
     */
    Outcome run(Server server, Work work) throws IOException {
        begin(server, work);
        return end(server);
    }

    /** Starts work without waiting for it. Call {@link #end} to wait. */
    void begin(Server server, Work work) throws IOException {
        in.write("%d %d %s%n".formatted(server.pid(), server.port(work.tls()), work.text()));
        in.flush();
    }

    /** Waits until the work is done and returns its outcome, like {@link #run}. */
    Outcome end(Server server) throws IOException {
        String answer = out.readLine();
        if (answer == null) {
            throw new IOException("The client process exited");
        }
        Outcome outcome = Outcome.parse(answer);
        if (!outcome.fault().isEmpty()) {
            throw new FaultException(server.contender().name() + ": " + outcome.fault());
        }
        return outcome;
    }

    /** Thrown if there is no figure, because a server or a tool failed. */
    static final class FaultException extends IOException {

        private static final long serialVersionUID = 1L;

        FaultException(String message) {
            super(message);
        }
    }

    @Override
    public void close() throws IOException {
        in.close(); // the process exits at the end of its input
        process.destroy();
    }
}
