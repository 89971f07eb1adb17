package io.epollecho.loop;

import org.jspecify.annotations.Nullable;

/**
 * A hashed timing wheel (Varghese and Lauck, 1987): setting, moving and cancelling a timer take
 * constant time, regardless of the number of timers.
 *
 * <p>A timer whose deadline moves later does not notify the wheel. The wheel asks for the deadline
 * when the timer seems due, and the timer may then return a later one. An idle timeout, which moves
 * with each byte, therefore costs one store of the time per event. Timers beyond the wheel's range
 * are asked early, once per revolution, in the same way.
 *
 * <p>Time passes in two steps, so that the owner can look at what has arrived before a deadline is
 * judged: {@link #advance} finds the timers that seem due, and {@link #expire} asks them once more.
 *
 * <p>All times are values of {@link System#nanoTime()}. Must be used by one thread only.
 */
public final class TimerWheel {

    /** The deadline of a timer that does not expire. */
    public static final long NEVER = Long.MAX_VALUE;

    private static final int TICK_SHIFT = 23; // a tick is 2^23 ns, 8.4 ms
    private static final int SLOTS = 1024; // a range of 8.6 s
    private static final long NANOS_PER_MILLI = 1_000_000;

    /** A deadline and the action to run when it has passed, linked into the wheel while waiting. */
    public abstract static class Timer {
        private @Nullable Timer previous;
        private @Nullable Timer next;
        private long tick;
        private boolean linked;

        /** Creates a timer that is not on a wheel. */
        protected Timer() {}

        /**
         * Returns the time at which this timer expires. The wheel calls this method again before it
         * expires the timer, so the deadline may have moved meanwhile.
         *
         * @return a time, or {@link #NEVER}
         */
        protected abstract long deadline();

        /**
         * Called when the deadline has passed. The timer is no longer on the wheel and may be
         * scheduled again.
         */
        protected abstract void expired();

        /**
         * Handles an exception or error thrown by {@link #expired}.
         *
         * @param cause the exception or error
         */
        protected abstract void failed(Throwable cause);
    }

    private final @Nullable Timer[] slots = new @Nullable Timer[SLOTS];
    private @Nullable Timer taken; // the head of the timers taken from the slot being checked
    private @Nullable Timer due; // the head of the timers that seem due
    private int size;
    private long currentTick;
    private long earliestTick; // no timer is in an earlier tick

    /**
     * Creates a wheel without timers.
     *
     * @param now the current time
     */
    public TimerWheel(long now) {
        currentTick = now >> TICK_SHIFT;
    }

    /**
     * Puts a timer on the wheel. If it is already there, moves it if its deadline is now earlier.
     *
     * @param timer the timer
     */
    public void schedule(Timer timer) {
        schedule(timer, timer.deadline());
    }

    private void schedule(Timer timer, long deadline) {
        if (deadline == NEVER) {
            return;
        }
        long tick = tickFor(deadline);
        if (timer.linked) {
            if (timer.tick <= tick) {
                return;
            }
            cancel(timer);
        }
        link(timer, tick);
    }

    /**
     * Returns the tick after that of the deadline, so that the deadline has passed when the tick
     * begins, or the nearest one in the wheel's range.
     */
    private long tickFor(long deadline) {
        long after = (deadline >> TICK_SHIFT) + 1;
        if (after <= currentTick) {
            return currentTick + 1;
        }
        return after < currentTick + SLOTS ? after : currentTick + SLOTS - 1;
    }

    /**
     * Removes a timer from the wheel, or does nothing if it is not there.
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
        } else if (timer == taken) {
            taken = timer.next;
        } else if (timer == due) {
            due = timer.next;
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
     * Returns how long a selector may wait, starting at {@code now}.
     *
     * @param now the current time
     * @return the time in milliseconds, at least 1, or 0 to wait without a limit
     */
    public long millisToWait(long now) {
        if (size == 0) {
            return 0;
        }
        if (due != null) {
            return 1;
        }
        long nanos = (earliestTick << TICK_SHIFT) - now;
        return Math.max(1, (nanos + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI);
    }

    /**
     * Finds the timers whose deadline is not after {@code now}. They stay on the wheel until {@link
     * #expire}.
     *
     * @param now the current time
     * @return true if any timer was checked, even if none seems due
     */
    public boolean advance(long now) {
        long nowTick = now >> TICK_SHIFT;
        currentTick = nowTick;
        if (size == 0 || nowTick < earliestTick) {
            return false;
        }
        long lastTick = Math.min(nowTick, earliestTick + SLOTS - 1);
        for (long tick = earliestTick; tick <= lastTick; tick++) {
            checkTaken(now); // left over if a timer has thrown an exception
            takeAll(slot(tick));
            checkTaken(now);
        }
        earliestTick = nextOccupied(nowTick + 1);
        return true;
    }

    /** Checks the timers taken. A timer that throws an exception stays, and is asked again. */
    private void checkTaken(long now) {
        for (Timer timer = taken; timer != null; timer = taken) {
            long deadline = timer.deadline();
            cancel(timer);
            if (deadline <= now) {
                due = link(timer, timer.tick, due);
            } else {
                schedule(timer, deadline);
            }
        }
    }

    /**
     * Returns whether the last advance found timers that seem due.
     *
     * @return true until they have expired, moved or been cancelled
     */
    public boolean anyDue() {
        return due != null;
    }

    /**
     * Expires the timers found by {@link #advance} whose deadline is still not after {@code now}.
     *
     * @param now the time passed to the last advance
     */
    public void expire(long now) {
        for (Timer timer = due; timer != null; timer = due) {
            long deadline = timer.deadline();
            cancel(timer);
            if (deadline <= now) {
                expire(timer);
            } else {
                schedule(timer, deadline);
            }
        }
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
            Failures.throwIfFatal(e); // otherwise ignored, so that the other timers still expire
        }
    }

    /**
     * Empties the slot before its timers are checked, because one whose deadline has moved may go
     * into the same slot again.
     */
    private void takeAll(int slot) {
        taken = slots[slot];
        slots[slot] = null;
    }

    private void link(Timer timer, long tick) {
        earliestTick = size == 0 ? tick : Math.min(earliestTick, tick);
        int slot = slot(tick);
        slots[slot] = link(timer, tick, slots[slot]);
    }

    /** Puts a timer in front of a list and returns it as the new head. */
    private Timer link(Timer timer, long tick, @Nullable Timer head) {
        timer.next = head;
        if (head != null) {
            head.previous = timer;
        }
        timer.tick = tick;
        timer.linked = true;
        size++;
        return timer;
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
