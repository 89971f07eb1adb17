package io.epollecho.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The benchmark's side of a client's process. */
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

    /** Starts a client that does not keep another one from its CPU. */
    static ClientProcess startNice() throws IOException {
        return new ClientProcess(List.of("nice", "-n", "19", "taskset", "-c", "1"));
    }

    /**
     * Has work done with a server.
     *
     * @throws IOException if a byte came back wrong, or not at all: there is no figure then
     */
    Outcome run(Server server, Work work) throws IOException {
        begin(server, work);
        return end(server);
    }

    /** Begins work, for {@link #end} to wait for. */
    void begin(Server server, Work work) throws IOException {
        in.write("%d %d %s%n".formatted(server.pid(), server.port(work.tls()), work.text()));
        in.flush();
    }

    /** Waits for work to be done, see {@link #run}. */
    Outcome end(Server server) throws IOException {
        String answer = out.readLine();
        if (answer == null) {
            throw new IOException("The client's process has ended");
        }
        Outcome outcome = Outcome.parse(answer);
        if (!outcome.fault().isEmpty()) {
            throw new FaultException(server.contender().name() + ": " + outcome.fault());
        }
        return outcome;
    }

    /** There is no figure: a server did not echo as it should, or a tool could not look. */
    static final class FaultException extends IOException {

        private static final long serialVersionUID = 1L;

        FaultException(String message) {
            super(message);
        }
    }

    @Override
    public void close() throws IOException {
        in.close(); // and with that its input ends
        process.destroy();
    }
}
