package io.epollecho;

/** The kind of build that runs the tests. */
public final class Build {

    private Build() {}

    /** Returns the name of the selection of setups: {@code fast}, {@code pairs} or {@code full}. */
    public static String setups() {
        return System.getProperty("test.setups", "fast");
    }

    /** Returns whether this build runs everything, and thus takes its time. */
    public static boolean isThorough() {
        return setups().equals("full");
    }
}
