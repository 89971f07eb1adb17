package io.epollecho.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

class EchoServerHistoryTest {

    private final AtomicReference<Instant> now =
            new AtomicReference<>(Instant.parse("2026-01-01T12:00:00Z"));

    private final EchoServer server = new EchoServer(EchoServerConfig.defaults());

    @Test
    void continuesWhenTheClockIsSetBack() {
        EchoServerHistory history = history();
        addPoint(history);
        EchoServerHistory.Point last = history.since(0).getLast();
        now.updateAndGet(instant -> instant.minus(Duration.ofHours(1)));
        addPoint(history);
        addPoint(history);
        List<EchoServerHistory.Point> newer = history.since(last.sequence());
        assertThat(newer)
                .extracting(EchoServerHistory.Point::sequence)
                .containsExactly(last.sequence() + 1, last.sequence() + 2);
        assertThat(newer.getFirst().time()).isLessThan(last.time());
        assertThat(history.since(newer.getLast().sequence())).isEmpty();
    }

    @Test
    void beginsAgainForACursorOfAnApplicationWhoseClockWasAhead() {
        EchoServerHistory earlier = history();
        addPoint(earlier);
        addPoint(earlier);
        long cursor = earlier.since(0).getLast().sequence();
        now.updateAndGet(instant -> instant.minus(Duration.ofHours(1)));
        EchoServerHistory later = history();
        addPoint(later);
        assertThat(later.since(cursor)).hasSize(1);
    }

    @Test
    void continuesForACursorOfAnEarlierApplication() {
        EchoServerHistory earlier = history();
        addPoint(earlier);
        addPoint(earlier);
        long cursor = earlier.since(0).getLast().sequence();
        now.updateAndGet(instant -> instant.plus(Duration.ofSeconds(10)));
        EchoServerHistory later = history();
        addPoint(later);
        addPoint(later);
        assertThat(later.since(cursor)).hasSize(2);
    }

    private EchoServerHistory history() {
        InstantSource clock = now::get;
        return new EchoServerHistory(server, clock);
    }

    private static void addPoint(EchoServerHistory history) {
        history.trySample();
        history.trySample();
    }
}
