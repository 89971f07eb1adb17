package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A separate Java virtual machine, for tests that depend on its options or would harm this one. */
public final class ChildJvm {

    private static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";

    /**
     * Starts in half the time, but encrypts fifty times as slowly: the second compiler, which this
     * option leaves out, uses the instructions of the processor for it.
     */
    public static final String QUICK_START = "-XX:TieredStopAtLevel=1";

    private ChildJvm() {}

    /** Returns the path of the command {@code java}. */
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** Returns the beginning of a command that runs a class of the class path. */
    public static List<String> command(Class<?> main, String... options) {
        var command = new ArrayList<>(List.of(java(), "-XX:+UseSerialGC", NATIVE_ACCESS));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        return command;
    }

    /** Runs the class with native access and returns its output, including errors and warnings. */
    public static List<String> run(Class<?> main, List<String> arguments, String... options)
            throws IOException, InterruptedException {
        List<String> withNativeAccess = new ArrayList<>(List.of(options));
        withNativeAccess.add(NATIVE_ACCESS);
        return runWithOnly(withNativeAccess, main, arguments);
    }

    /** Runs the class with only these options and returns its output. */
    public static List<String> runWithOnly(
            List<String> options, Class<?> main, List<String> arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(java());
        command.add("-Xshare:auto");
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        Process process = builder.start();
        List<String> lines = process.inputReader().lines().toList();
        assertThat(process.waitFor()).as(() -> String.join("\n", lines)).isZero();
        return lines;
    }
}
