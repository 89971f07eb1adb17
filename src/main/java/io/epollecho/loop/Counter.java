package io.epollecho.loop;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A number that one thread updates and any thread reads. Access is opaque: a write costs a plain
 * store, is never torn, and becomes visible to readers eventually.
 */
public final class Counter {

    private static final VarHandle VALUE;

    static {
        try {
            VALUE = MethodHandles.lookup().findVarHandle(Counter.class, "value", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private long value;

    /** Creates a counter at zero. */
    public Counter() {}

    /**
     * Adds to the number. Must always be called by the same thread.
     *
     * @param amount the amount, which may be negative
     */
    public void add(long amount) {
        VALUE.setOpaque(this, value + amount);
    }

    /**
     * Returns the number. May be called by any thread.
     *
     * @return the current value
     */
    public long get() {
        return (long) VALUE.getOpaque(this);
    }
}
