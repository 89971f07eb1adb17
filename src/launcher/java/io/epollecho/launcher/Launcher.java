package io.epollecho.launcher;

import java.lang.reflect.InvocationTargetException;

/**
 * Main class of the runnable jar. It is compiled for Java 8, so that an older Java can say in one
 * line what is missing, and starts the launcher of Spring Boot.
 */
public final class Launcher {

    private static final int REQUIRED = 25;
    private static final int BAD_USAGE = 2;
    private static final String NEXT = "org.springframework.boot.loader.launch.JarLauncher";

    private Launcher() {}

    public static void main(String[] args) throws Throwable {
        String complaint =
                complaint(
                        System.getProperty("java.specification.version"),
                        System.getProperty("java.version"),
                        System.getProperty("java.home"));
        if (complaint != null) {
            System.err.println(complaint);
            System.exit(BAD_USAGE);
        }
        try {
            Class.forName(NEXT).getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /** Returns what is missing; null if this Java can run the application. */
    static String complaint(String specification, String version, String home) {
        return feature(specification) >= REQUIRED
                ? null
                : "epoll-echo needs Java "
                        + REQUIRED
                        + "; this is Java "
                        + version
                        + " in "
                        + home
                        + ".";
    }

    /** Returns the number of a version such as 1.8 or 17. */
    private static int feature(String version) {
        return Integer.parseInt(version.startsWith("1.") ? version.substring(2) : version);
    }
}
