package io.epollecho.spring.actuate;

import io.epollecho.server.EchoServerStatistics;

import java.time.Duration;

/**
 * Events per second.
 *
 * @param accepted connections accepted
 * @param received bytes read from peers
 * @param sent bytes written to peers
 */
record Rates(double accepted, double received, double sent) {

    static final Rates NONE = new Rates(0, 0, 0);

    /** Returns the mean rates between two points in time. */
    static Rates between(EchoServerStatistics from, EchoServerStatistics to, Duration time) {
        return new Rates(
                perSecond(to.accepted() - from.accepted(), time),
                perSecond(to.bytesReceived() - from.bytesReceived(), time),
                perSecond(to.bytesSent() - from.bytesSent(), time));
    }

    /** Returns the rate rounded to a tenth, because an interval is not measured more precisely. */
    private static double perSecond(long count, Duration time) {
        return time.isZero() ? 0 : Math.rint(count * 1e10 / time.toNanos()) / 10;
    }

    Rates max(Rates other) {
        return new Rates(
                Math.max(accepted, other.accepted),
                Math.max(received, other.received),
                Math.max(sent, other.sent));
    }
}
