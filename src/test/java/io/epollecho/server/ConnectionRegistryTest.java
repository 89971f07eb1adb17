package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.stream.SocketStream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;

class ConnectionRegistryTest {

    private final ConnectionRegistry registry = new ConnectionRegistry();
    private final Admission admission =
            new Admission(1000, EchoServerConfig.defaults().connections());
    private final List<SocketChannel> channels = new ArrayList<>();
    private ServerLoop loop;

    /** Opens a loop that never runs, but on which connections can be created. */
    @BeforeEach
    void openLoop() throws IOException {
        loop =
                new ServerLoop(
                        0,
                        EchoServerConfig.builder().selector(SelectorBackend.jdk()).build(),
                        null,
                        null,
                        death -> {});
    }

    @AfterEach
    void closeAll() throws Exception {
        for (SocketChannel channel : channels) {
            channel.close();
        }
        assertThat(loop.eventLoop().join(Duration.ZERO)).isTrue();
    }

    private Connection connection() throws IOException {
        SocketChannel channel = SocketChannel.open();
        channels.add(channel);
        return new Connection(
                loop,
                new SocketStream(channel),
                null,
                loop.counters(EchoServerConfig.DEFAULT_LISTENER),
                Objects.requireNonNull(admission.admit()));
    }

    private List<Connection> add(int count) throws IOException {
        List<Connection> added = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            added.add(connection());
            registry.add(added.getLast());
        }
        return added;
    }

    @Test
    void newestFirst() throws IOException {
        List<Connection> added = add(5);
        assertThat(registry.first(ConnectionOrder.NEWEST, 2))
                .containsExactly(added.get(4), added.get(3));
        assertThat(registry.first(ConnectionOrder.NEWEST, 0)).isEmpty();
        assertThat(registry.first(ConnectionOrder.NEWEST, 100))
                .containsExactlyElementsOf(added.reversed());
    }

    /** Compares the registry with a list of the connections that should be present. */
    @Test
    void addAndRemoveAtRandom() throws IOException {
        var random = new Random(5);
        List<Connection> present = new ArrayList<>(add(100));
        List<Connection> absent = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            boolean remove = random.nextBoolean() ? !present.isEmpty() : absent.isEmpty();
            if (remove) {
                Connection connection = present.remove(random.nextInt(present.size()));
                registry.remove(connection);
                absent.add(connection);
            } else {
                Connection connection = absent.remove(random.nextInt(absent.size()));
                registry.add(connection);
                present.add(connection);
            }
            assertThat(registry.size()).isEqualTo(present.size());
        }
        assertThat(registry.first(ConnectionOrder.NEWEST, 1_000))
                .containsExactlyInAnyOrderElementsOf(present);
    }

    @Test
    void visitedConnectionsMayBeRemoved() throws IOException {
        List<Connection> added = add(20);
        Set<Connection> visited = new LinkedHashSet<>();
        registry.forEach(
                connection -> {
                    assertThat(visited.add(connection)).isTrue();
                    if (visited.size() % 3 != 0) {
                        registry.remove(connection);
                    }
                });
        assertThat(visited).containsExactlyElementsOf(added.reversed());
        assertThat(registry.size()).isEqualTo(6);
        registry.forEach(registry::remove);
        assertThat(registry.size()).isZero();
    }

    /** A visit may need memory, for which other connections are closed. */
    @Test
    void otherConnectionsMayBeRemovedDuringAVisit() throws IOException {
        List<Connection> present = new ArrayList<>(add(20));
        Set<Connection> visited = new LinkedHashSet<>();
        registry.forEach(
                connection -> {
                    assertThat(present).as("still registered").contains(connection);
                    visited.add(connection);
                    for (int i = 0; i < 3 && present.size() > 1; i++) {
                        Connection other =
                                present.getFirst() == connection
                                        ? present.getLast()
                                        : present.getFirst();
                        registry.remove(other);
                        present.remove(other);
                    }
                });
        assertThat(visited).containsAll(present);
        assertThat(registry.size()).isEqualTo(1);
    }
}
