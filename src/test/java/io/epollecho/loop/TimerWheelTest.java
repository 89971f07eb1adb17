package io.epollecho.loop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

@Timeout(60)
class TimerWheelTest {

    private static final long TICK = 1 << 23;
    private static final long REACH = 1024 * TICK;
    private static final long MILLI = 1_000_000;

    /** The maximum delay of a timer after its deadline if the wheel is advanced in time. */
    private static final long LATENESS = 2 * TICK + MILLI;

    private long now = 1_000_000_007;
    private final TimerWheel wheel = new TimerWheel(now);

    /** Expires once and checks the time. */
    private class TestTimer extends TimerWheel.Timer {
        long deadline;
        int expirations;
        int questions;

        TestTimer(long deadline) {
            this.deadline = deadline;
        }

        @Override
        protected long deadline() {
            questions++;
            return deadline;
        }

        @Override
        protected void expired() {
            assertThat(deadline).as("deadline").isLessThanOrEqualTo(now);
            deadline = TimerWheel.NEVER;
            expirations++;
        }

        @Override
        protected void failed(Throwable cause) {
            throw new AssertionError(cause);
        }
    }

    private TestTimer scheduled(long delay) {
        var timer = new TestTimer(now + delay);
        wheel.schedule(timer);
        return timer;
    }

    private void advance(long nanos) {
        now += nanos;
        wheel.advance(now);
        wheel.expire(now);
    }

    /** Waits like an event loop: as long as the wheel allows, but no longer than the given time. */
    private void waitAndAdvance(long most) {
        long millis = wheel.millisToWait(now);
        advance(millis == 0 ? most : Math.min(most, millis * MILLI));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, MILLI, TICK - 1, TICK, TICK + 1, 100 * TICK, REACH - TICK, REACH})
    void expiresSoonAfterItsDeadlineAndNotBefore(long delay) {
        TestTimer timer = scheduled(delay);
        long deadline = now + delay;
        while (now + MILLI < deadline) {
            waitAndAdvance(MILLI);
            assertThat(timer.expirations).isZero();
        }
        while (timer.expirations == 0) {
            waitAndAdvance(REACH);
        }
        assertThat(now - deadline).isBetween(0L, LATENESS);
        assertThat(wheel.millisToWait(now)).as("nothing left to wait for").isZero();
    }

    @Test
    void expiresTimersBeyondItsRange() {
        long delay = Duration.ofHours(1).toNanos();
        TestTimer timer = scheduled(delay);
        long deadline = now + delay;
        while (timer.expirations == 0) {
            waitAndAdvance(Long.MAX_VALUE);
        }
        assertThat(now - deadline).isBetween(0L, LATENESS);
        assertThat((long) timer.questions).as("a few per revolution").isLessThan(1_000);
    }

    @Test
    void aTimerThatSeemsDueMayStillMoveOrBeCancelled() {
        TestTimer moved = scheduled(MILLI);
        TestTimer cancelled = scheduled(MILLI);
        TestTimer expired = scheduled(MILLI);
        now += 3 * TICK;
        wheel.advance(now);
        assertThat(wheel.anyDue()).isTrue();
        assertThat(wheel.millisToWait(now)).as("wait while timers are due").isEqualTo(1);
        moved.deadline = now + MILLI;
        wheel.cancel(cancelled);
        wheel.expire(now);
        assertThat(wheel.anyDue()).isFalse();
        assertThat(expired.expirations).isOne();
        assertThat(moved.expirations + cancelled.expirations).isZero();
        advance(3 * TICK);
        assertThat(moved.expirations).isOne();
        assertThat(wheel.millisToWait(now)).as("nothing left to wait for").isZero();
    }

    @Test
    void doesNotWaitForTimersThatNeverExpire() {
        wheel.schedule(new TestTimer(TimerWheel.NEVER));
        assertThat(wheel.millisToWait(now)).isZero();
    }

    @Test
    void aLaterDeadlineNeedsNoNotification() {
        TestTimer timer = scheduled(100 * MILLI);
        for (int i = 0; i < 1_000; i++) {
            timer.deadline = now + 100 * MILLI;
            waitAndAdvance(5 * MILLI);
            assertThat(timer.expirations).isZero();
        }
        assertThat(timer.questions).as("asked only when it seems due").isLessThan(120);
        advance(100 * MILLI + LATENESS);
        assertThat(timer.expirations).isEqualTo(1);
    }

    @Test
    void anEarlierDeadlineTakesEffectWhenScheduledAgain() {
        TestTimer timer = scheduled(1_000 * MILLI);
        timer.deadline = now + 20 * MILLI;
        wheel.schedule(timer);
        assertThat(wheel.millisToWait(now)).isLessThanOrEqualTo(20 + 2 * 9);
        advance(20 * MILLI + LATENESS);
        assertThat(timer.expirations).isEqualTo(1);
        advance(REACH);
        assertThat(timer.expirations).isEqualTo(1);
    }

    @Test
    void cancelledTimersDoNotExpire() {
        List<TestTimer> timers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            timers.add(scheduled(MILLI)); // all in one slot
        }
        wheel.cancel(timers.get(0));
        wheel.cancel(timers.get(2));
        wheel.cancel(timers.get(4));
        wheel.cancel(timers.get(4));
        advance(LATENESS + MILLI);
        assertThat(timers).extracting(timer -> timer.expirations).containsExactly(0, 1, 0, 1, 0);
        wheel.cancel(timers.get(1));
        assertThat(wheel.millisToWait(now)).isZero();
    }

    @Test
    void timersExpireAfterALongPause() {
        List<TestTimer> timers = new ArrayList<>();
        for (int i = 0; i < 3 * 1024; i++) {
            timers.add(scheduled(i * TICK));
        }
        advance(Duration.ofDays(1).toNanos());
        assertThat(timers).allSatisfy(timer -> assertThat(timer.expirations).isEqualTo(1));
        assertThat(wheel.millisToWait(now)).isZero();
        TestTimer later = scheduled(MILLI);
        advance(MILLI + LATENESS);
        assertThat(later.expirations).isEqualTo(1);
    }

    @Test
    void aTimerMayScheduleItselfWhenItExpires() {
        var timer =
                new TestTimer(now) {
                    @Override
                    protected void expired() {
                        expirations++;
                        deadline = now;
                        wheel.schedule(this);
                    }
                };
        wheel.schedule(timer);
        for (int i = 1; i <= 5_000; i++) {
            advance(2 * TICK);
            assertThat(timer.expirations).isEqualTo(i);
        }
    }

    /** After a pause, the new tick of a timer may share the slot that is being emptied. */
    @Test
    void aTimerMayScheduleItselfIntoTheSameSlot() {
        List<TestTimer> timers = new ArrayList<>();
        for (int i = 0; i < 1024; i++) {
            timers.add(
                    new TestTimer(now + i * TICK) {
                        @Override
                        protected void expired() {
                            expirations++;
                            deadline = now + REACH / 2;
                            wheel.schedule(this);
                        }
                    });
        }
        timers.forEach(wheel::schedule);
        advance(3 * REACH);
        assertThat(timers).allSatisfy(timer -> assertThat(timer.expirations).isEqualTo(1));
        advance(REACH / 2 - TICK);
        assertThat(timers).allSatisfy(timer -> assertThat(timer.expirations).isEqualTo(1));
        advance(LATENESS + TICK);
        assertThat(timers).allSatisfy(timer -> assertThat(timer.expirations).isEqualTo(2));
    }

    @Test
    void aTimerMayCancelOthersThatExpireWithIt() {
        List<TestTimer> timers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            timers.add(
                    new TestTimer(now) {
                        @Override
                        protected void expired() {
                            super.expired();
                            timers.forEach(wheel::cancel);
                        }
                    });
        }
        timers.forEach(wheel::schedule);
        advance(LATENESS);
        assertThat(timers.stream().mapToInt(timer -> timer.expirations).sum()).isEqualTo(1);
        assertThat(wheel.millisToWait(now)).isZero();
        advance(2 * REACH);
        assertThat(timers.stream().mapToInt(timer -> timer.expirations).sum()).isEqualTo(1);
    }

    private boolean isLate(TestTimer timer) {
        return timer.expirations > 0 || timer.deadline + LATENESS <= now;
    }

    /** Compares the wheel with a simple check of every timer. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void agreesWithASimpleCheckOfRandomTimers(long seed) {
        var random = new Random(seed);
        List<TestTimer> waiting = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            waiting.add(scheduled(random.nextLong(3 * REACH)));
        }
        List<TestTimer> cancelled = new ArrayList<>();
        while (!waiting.isEmpty()) {
            for (int i = 0; i < 5 && !waiting.isEmpty(); i++) {
                TestTimer timer = waiting.get(random.nextInt(waiting.size()));
                switch (random.nextInt(4)) {
                    case 0 -> {
                        wheel.cancel(timer);
                        waiting.remove(timer);
                        cancelled.add(timer);
                    }
                    case 1 -> { // moved earlier or later, and scheduled again
                        timer.deadline = now + random.nextLong(REACH);
                        wheel.schedule(timer);
                    }
                    case 2 -> timer.deadline += random.nextLong(REACH); // moved later only
                    default -> {}
                }
            }
            waitAndAdvance(random.nextLong(50 * MILLI));
            waiting.removeIf(timer -> timer.expirations == 1);
            assertThat(waiting.stream().filter(this::isLate)).isEmpty();
        }
        assertThat(cancelled).isNotEmpty();
        advance(10 * REACH);
        assertThat(cancelled).allSatisfy(timer -> assertThat(timer.expirations).isZero());
        assertThat(wheel.millisToWait(now)).isZero();
    }

    @Test
    void aTimerThatThrowsIsNotifiedAndOthersStillExpire() {
        var failures = new ArrayList<Throwable>();
        var defect = new IllegalStateException("defect");
        var throwing =
                new TestTimer(now + MILLI) {
                    @Override
                    protected void expired() {
                        throw defect;
                    }

                    @Override
                    protected void failed(Throwable cause) {
                        failures.add(cause);
                    }
                };
        wheel.schedule(throwing);
        TestTimer other = scheduled(MILLI);
        advance(100 * MILLI);
        assertThat(failures).containsExactly(defect);
        assertThat(other.expirations).isEqualTo(1);
    }

    @Test
    void aTimerThatCannotHandleItsFailureDoesNotAffectOthers() {
        var throwing =
                new TestTimer(now + MILLI) {
                    @Override
                    protected void expired() {
                        throw new OutOfMemoryError("simulated");
                    }

                    @Override
                    protected void failed(Throwable cause) {
                        throw new OutOfMemoryError("simulated again");
                    }
                };
        wheel.schedule(throwing);
        TestTimer other = scheduled(MILLI);
        advance(100 * MILLI);
        assertThat(other.expirations).isEqualTo(1);
    }
}
