package io.epollecho.bench;

import io.epollecho.bench.ClientProcess.FaultException;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Counts of a server's system calls, taken with strace(1). */
final class SystemCalls {

    private static final Pattern TOTAL =
            Pattern.compile("(?m)^ *[0-9.]+ +[0-9.]+ +(?:\\d+ +)?(\\d+) +(?:\\d+ +)?total$");

    private static final long FEW = 2_000;
    private static final long MANY = 14_000;

    private SystemCalls() {}

    static boolean canBeCounted() {
        return Tool.exists("strace");
    }

    /**
     * Returns the number of system calls per echo, as the slope between two runs that differ only
     * in their length. Under strace the server is slow, so that many connections are ready at once.
     */
    static double perEcho(Server server, ClientProcess client) throws IOException {
        Work work = Work.load(100, 64, 1);
        client.run(server, work.counting(FEW));
        long few = count(server, client, work.counting(FEW));
        long many = count(server, client, work.counting(MANY));
        return (double) (many - few) / (MANY - FEW);
    }

    private static long count(Server server, ClientProcess client, Work work) throws IOException {
        Process strace =
                new ProcessBuilder(
                                List.of("strace", "-c", "-f", "-p", String.valueOf(server.pid())))
                        .redirectErrorStream(true)
                        .start();
        try (BufferedReader out = strace.inputReader(StandardCharsets.UTF_8)) {
            String attached = out.readLine();
            if (attached == null || !attached.contains("attached")) {
                throw new FaultException("strace cannot attach to the server: " + attached);
            }
            client.run(server, work);
            // On SIGINT, strace detaches and prints its summary.
            Tool.output(List.of("kill", "-INT", String.valueOf(strace.pid())));
            String summary = out.readAllAsString();
            Matcher total = TOTAL.matcher(summary);
            if (!total.find()) {
                throw new FaultException("strace printed no total: " + summary);
            }
            return Long.parseLong(total.group(1));
        } finally {
            strace.destroy();
        }
    }
}
