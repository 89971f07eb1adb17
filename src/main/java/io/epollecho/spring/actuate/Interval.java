package io.epollecho.spring.actuate;

import io.epollecho.server.EchoServerStatistics;
import io.epollecho.server.LoopStatistics;

import java.time.Duration;
import java.util.List;

/**
 * The change of a server's counters between two points in time.
 *
 * @param length the time between them
 * @param from the counters of the event loops at the beginning
 * @param to the counters of the event loops at the end
 */
record Interval(Duration length, List<LoopStatistics> from, List<LoopStatistics> to) {

    Rates total() {
        return rates(LoopStatistics.total(from), LoopStatistics.total(to));
    }

    Rates ofListener(String name) {
        return rates(LoopStatistics.ofListener(from, name), LoopStatistics.ofListener(to, name));
    }

    Rates ofLoop(int number) {
        return rates(from.get(number).total(), to.get(number).total());
    }

    /** Returns the share of time that an event loop spent on work, 0 to 1. */
    double busyShare(int loop) {
        if (length.isZero()) {
            return 0;
        }
        Duration busy = to.get(loop).busyTime().minus(from.get(loop).busyTime());
        double share = (double) busy.toNanos() / length.toNanos();
        return Math.clamp(Math.rint(share * 1000) / 1000, 0.0, 1.0);
    }

    private Rates rates(EchoServerStatistics first, EchoServerStatistics last) {
        return Rates.between(first, last, length);
    }
}
