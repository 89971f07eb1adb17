package io.epollecho;

/** The kind of build that runs the tests. */
public final class Build {

    private Build() {}

    /** Returns whether this build runs everything, and thus takes its time. */
    public static boolean isThorough() {
        return System.getProperty("test.setups", "fast").equals("full");
    }
}
