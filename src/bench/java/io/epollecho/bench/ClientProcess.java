package io.epollecho.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The benchmark's side of the client's process. */
final class ClientProcess implements AutoCloseable {

    private final Process process;
    private final BufferedWriter in;
    private final BufferedReader out;

    ClientProcess() throws IOException {
        var line = new ArrayList<>(List.of("taskset", "-c", "1"));
        line.addAll(Contenders.client());
        process = new ProcessBuilder(line).redirectError(Redirect.INHERIT).start();
        in = process.outputWriter(StandardCharsets.UTF_8);
        out = process.inputReader(StandardCharsets.UTF_8);
    }

    /**
     * Has work done with a server.
     *
     * @throws IOException if a byte came back wrong, or not at all: there is no figure then
     */
    Outcome run(Server server, Work work) throws IOException {
        in.write("%d %d %s%n".formatted(server.pid(), server.port(), work.text()));
        in.flush();
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
