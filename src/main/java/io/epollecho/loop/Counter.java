package io.epollecho.loop;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A number that one thread changes and any thread reads. Access is opaque: a plain move for the
 * writer, never torn, and visible to readers within a bounded time.
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
     * Adds to the number. Only the counter's own thread may call this.
     *
     * @param amount the amount, which may be negative
     */
    public void add(long amount) {
        VALUE.setOpaque(this, value + amount);
    }

    /**
     * Returns the number. Any thread may call this.
     *
     * @return the current value
     */
    public long get() {
        return (long) VALUE.getOpaque(this);
    }
}
