package io.epollecho.probe;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A network namespace with a link to this machine; requires root and iproute2. */
final class NetworkNamespace implements AutoCloseable {

    /** The address of this machine on the link. */
    static final String HOST = address(1);

    private static final String GUEST = address(2);

    private final String name = "probe-" + ProcessHandle.current().pid();

    /**
     * Creates the namespace and its link.
     *
     * @throws IOException if this is not permitted or possible; the message contains the reason
     */
    NetworkNamespace() throws IOException {
        command("ip", "netns", "add", name);
        try {
            String link = "pr" + ProcessHandle.current().pid() % 100_000_000;
            command(
                    "ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns",
                    name);
            command("ip", "addr", "add", HOST + "/30", "dev", link);
            command("ip", "link", "set", link, "up");
            inside("ip", "link", "set", "lo", "up");
            inside("ip", "addr", "add", GUEST + "/30", "dev", "eth0");
            inside("ip", "link", "set", "eth0", "up");
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    String name() {
        return name;
    }

    /**
     * Returns one of eight addresses used by this process only, so that tests in several processes
     * do not conflict. The range is reserved for tests (RFC 2544).
     */
    static String address(int number) {
        long block = ProcessHandle.current().pid() % (1 << 14);
        return "198.%d.%d.%d"
                .formatted(18 + block / (1 << 13), block / 32 % 256, block % 32 * 8 + number);
    }

    /** Runs a command in the namespace, and waits for its end. */
    void inside(String... command) throws IOException {
        command(words(command));
    }

    /** Starts a process in the namespace. */
    Process start(String... command) throws IOException {
        return new ProcessBuilder(words(command)).start();
    }

    private String[] words(String... command) {
        List<String> words = new ArrayList<>(List.of("ip", "netns", "exec", name));
        words.addAll(List.of(command));
        return words.toArray(new String[0]);
    }

    /** Runs a command on this machine, and waits for its end. */
    static void command(String... words) throws IOException {
        Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
        if (process.onExit().join().exitValue() != 0) {
            throw new IOException(String.join(" ", words) + ": " + output);
        }
    }

    /** Removes the namespace, and with it the link. */
    @Override
    public void close() throws IOException {
        command("ip", "netns", "delete", name);
    }
}
