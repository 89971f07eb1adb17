package io.epollecho.loop;

import org.jspecify.annotations.Nullable;

/**
 * A hashed timing wheel (Varghese and Lauck, 1987): setting, moving and cancelling a timer is O(1),
 * whatever their number.
 *
 * <p>A timer whose deadline moves further away, as that of an idle timeout does with each byte,
 * does not notify the wheel: the wheel asks for the deadline when the time seems to have come, and
 * the timer may then name a later one. An event therefore costs one store of the time. Timers
 * beyond the wheel's reach are asked early, once per revolution, for the same reason.
 *
 * <p>Times are those of {@link System#nanoTime()}. Belongs to one thread.
 */
public final class TimerWheel {

    /** The deadline of a timer that does not expire. */
    public static final long NEVER = Long.MAX_VALUE;

    private static final int TICK_SHIFT = 23; // a tick is 2^23 ns, 8.4 ms
    private static final int SLOTS = 1024; // so the wheel reaches 8.6 s ahead
    private static final long NANOS_PER_MILLI = 1_000_000;

    /** Something with a deadline, linked into the wheel while it waits for it. */
    public abstract static class Timer {
        private @Nullable Timer previous;
        private @Nullable Timer next;
        private long tick;
        private boolean linked;

        /** Creates a timer that is not on a wheel. */
        protected Timer() {}

        /**
         * Returns the time at which this timer expires. The wheel asks again before it lets the
         * timer expire.
         *
         * @return a time, or {@link #NEVER}
         */
        protected abstract long deadline();

        /** Handles the deadline. The timer is off the wheel and may schedule itself again. */
        protected abstract void expired();

        /**
         * Handles what {@link #expired} has thrown.
         *
         * @param cause the exception or error
         */
        protected abstract void failed(Throwable cause);
    }

    private final @Nullable Timer[] slots = new @Nullable Timer[SLOTS];
    private @Nullable Timer expiring; // the head of those taken from their slot to expire
    private int size;
    private long currentTick;
    private long earliestTick; // no timer is before it

    /**
     * Creates a wheel without timers.
     *
     * @param now the current time
     */
    public TimerWheel(long now) {
        currentTick = now >> TICK_SHIFT;
    }

    /**
     * Puts a timer on the wheel, or moves it to an earlier place if its deadline is earlier now.
     *
     * @param timer the timer
     */
    public void schedule(Timer timer) {
        long deadline = timer.deadline();
        if (deadline == NEVER) {
            return;
        }
        // The tick after the deadline's own: when it comes, the deadline has passed for sure.
        long tick =
                Math.clamp((deadline >> TICK_SHIFT) + 1, currentTick + 1, currentTick + SLOTS - 1);
        if (timer.linked) {
            if (timer.tick <= tick) {
                return;
            }
            cancel(timer);
        }
        link(timer, tick);
    }

    /**
     * Takes a timer off the wheel; does nothing if it is not on it.
     *
     * @param timer the timer
     */
    @SuppressWarnings("ReferenceEquality") // identity matters, and timers have no equals
    public void cancel(Timer timer) {
        if (!timer.linked) {
            return;
        }
        if (timer.previous != null) {
            timer.previous.next = timer.next;
        } else if (timer == expiring) {
            expiring = timer.next;
        } else {
            slots[slot(timer.tick)] = timer.next;
        }
        if (timer.next != null) {
            timer.next.previous = timer.previous;
        }
        timer.previous = null;
        timer.next = null;
        timer.linked = false;
        size--;
    }

    /**
     * Returns how long a selector may wait from {@code now} on.
     *
     * @param now the current time
     * @return milliseconds, at least 1; or 0 to wait without a limit
     */
    public long millisToWait(long now) {
        if (size == 0) {
            return 0;
        }
        long nanos = (earliestTick << TICK_SHIFT) - now;
        return Math.max(1, (nanos + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI);
    }

    /**
     * Lets all timers expire whose deadline is not after {@code now}.
     *
     * @param now the current time
     * @return whether any timer was due to be asked
     */
    public boolean advance(long now) {
        long nowTick = now >> TICK_SHIFT;
        currentTick = nowTick;
        if (size == 0 || nowTick < earliestTick) {
            return false;
        }
        long lastTick = Math.min(nowTick, earliestTick + SLOTS - 1);
        for (long tick = earliestTick; tick <= lastTick; tick++) {
            takeAll(slot(tick));
            for (Timer timer = expiring; timer != null; timer = expiring) {
                cancel(timer);
                if (timer.deadline() <= now) {
                    expire(timer);
                } else {
                    schedule(timer);
                }
            }
        }
        earliestTick = nextOccupied(nowTick + 1);
        return true;
    }

    private static void expire(Timer timer) {
        try {
            timer.expired();
        } catch (RuntimeException | Error e) {
            Failures.throwIfFatal(e);
            handleFailure(timer, e);
        }
    }

    private static void handleFailure(Timer timer, Throwable cause) {
        try {
            timer.failed(cause);
        } catch (RuntimeException | Error e) {
            Failures.throwIfFatal(e); // otherwise it costs this timer, and the others still expire
        }
    }

    /** Empties a slot first: a timer may schedule itself again into the slot it comes from. */
    private void takeAll(int slot) {
        expiring = slots[slot];
        slots[slot] = null;
    }

    private void link(Timer timer, long tick) {
        int slot = slot(tick);
        Timer head = slots[slot];
        timer.next = head;
        if (head != null) {
            head.previous = timer;
        }
        slots[slot] = timer;
        timer.tick = tick;
        timer.linked = true;
        earliestTick = size == 0 ? tick : Math.min(earliestTick, tick);
        size++;
    }

    private long nextOccupied(long from) {
        if (size > 0) {
            for (long tick = from; tick < from + SLOTS; tick++) {
                if (slots[slot(tick)] != null) {
                    return tick;
                }
            }
        }
        return from;
    }

    private static int slot(long tick) {
        return (int) (tick & (SLOTS - 1));
    }
}
