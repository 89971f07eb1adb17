package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

class ConnectionTableTest {

    private final ConnectionTable table = new ConnectionTable();
    private final List<SocketChannel> channels = new ArrayList<>();
    private EventLoop loop;

    /** A loop that never runs, but on which connections can be made. */
    @BeforeEach
    void openLoop() throws IOException {
        loop =
                new EventLoop(
                        0,
                        EchoServerConfig.defaults(),
                        new LoopStatistics(),
                        new Admission(1, 0),
                        death -> {});
    }

    @AfterEach
    void closeAll() throws Exception {
        for (SocketChannel channel : channels) {
            channel.close();
        }
        assertThat(loop.join(Duration.ZERO)).isTrue();
    }

    private Connection connection() throws IOException {
        SocketChannel channel = SocketChannel.open();
        channels.add(channel);
        return new Connection(loop, channel, null);
    }

    private List<Connection> add(int count) throws IOException {
        List<Connection> added = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            added.add(connection());
            table.add(added.getLast());
        }
        return added;
    }

    @Test
    void newestFirst() throws IOException {
        List<Connection> added = add(5);
        assertThat(table.newest(2)).containsExactly(added.get(4), added.get(3));
        assertThat(table.newest(0)).isEmpty();
        assertThat(table.newest(100)).containsExactlyElementsOf(added.reversed());
    }

    /** Against a set. */
    @Test
    void addAndRemoveAtRandom() throws IOException {
        var random = new Random(5);
        List<Connection> present = new ArrayList<>(add(100));
        List<Connection> absent = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            boolean remove = random.nextBoolean() ? !present.isEmpty() : absent.isEmpty();
            if (remove) {
                Connection connection = present.remove(random.nextInt(present.size()));
                table.remove(connection);
                absent.add(connection);
            } else {
                Connection connection = absent.remove(random.nextInt(absent.size()));
                table.add(connection);
                present.add(connection);
            }
            assertThat(table.size()).isEqualTo(present.size());
        }
        assertThat(table.newest(1_000)).containsExactlyInAnyOrderElementsOf(present);
    }

    @Test
    void visitedConnectionsMayBeRemoved() throws IOException {
        List<Connection> added = add(20);
        Set<Connection> visited = new LinkedHashSet<>();
        table.forEach(
                connection -> {
                    assertThat(visited.add(connection)).isTrue();
                    if (visited.size() % 3 != 0) {
                        table.remove(connection);
                    }
                });
        assertThat(visited).containsExactlyElementsOf(added.reversed());
        assertThat(table.size()).isEqualTo(6);
        table.forEach(table::remove);
        assertThat(table.size()).isZero();
    }
}
