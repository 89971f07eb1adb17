package io.epollecho.server;

import org.jspecify.annotations.Nullable;

/**
 * A hashed timing wheel (Varghese and Lauck, 1987): to set, move and cancel a timer is O(1),
 * whatever their number.
 *
 * <p>A timer that is pushed back again and again, as an idle timeout is by each byte, need not tell
 * the wheel: it is asked when its time has come and may then name a later one. So an event costs
 * its connection one store of the time, and the wheel nothing. Timers beyond the wheel's reach are
 * asked early, once a turn, for the same reason.
 *
 * <p>Times are those of {@link System#nanoTime()}. Belongs to one thread.
 */
final class TimerWheel {

    /** What a timer answers when nothing limits its time. */
    static final long NEVER = Long.MAX_VALUE;

    private static final int TICK_SHIFT = 23; // a tick is 2^23 ns, 8.4 ms
    private static final int SLOTS = 1024; // so the wheel reaches 8.6 s ahead
    private static final long NANOS_PER_MILLI = 1_000_000;

    /** Something with a deadline, linked into the wheel while it waits for it. */
    abstract static class Timer {
        private @Nullable Timer previous;
        private @Nullable Timer next;
        private long tick;
        private boolean linked;

        /**
         * When it wants to expire, asked when its time seems to have come.
         *
         * @return a time, or {@link #NEVER}
         */
        abstract long deadline();

        /** Its deadline has passed. It is no longer on the wheel and may set itself again. */
        abstract void expired();
    }

    private final @Nullable Timer[] slots = new @Nullable Timer[SLOTS];
    private @Nullable Timer expiring; // the head of those taken from their slot to expire
    private int size;
    private long currentTick;
    private long earliestTick; // no timer is before it

    TimerWheel(long now) {
        currentTick = now >> TICK_SHIFT;
    }

    /** Sees to it that the timer is asked when its deadline has come, if not before. */
    void schedule(Timer timer) {
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

    @SuppressWarnings("ReferenceEquality") // which one it is matters, and timers have no equals
    void cancel(Timer timer) {
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
     * How long from {@code now} a selector may wait: in milliseconds, at least 1; or 0 for ever.
     */
    long millisToWait(long now) {
        if (size == 0) {
            return 0;
        }
        long nanos = (earliestTick << TICK_SHIFT) - now;
        return Math.max(1, (nanos + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI);
    }

    /**
     * Lets all timers expire whose deadline is before {@code now}.
     *
     * @return whether the time had come to look at any
     */
    boolean advance(long now) {
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
                    timer.expired();
                } else {
                    schedule(timer);
                }
            }
        }
        earliestTick = nextOccupied(nowTick + 1);
        return true;
    }

    /**
     * Empties a slot first: a timer that sets itself again may well land in the slot it comes from.
     */
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
