package io.epollecho.epoll;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.util.ArrayList;
import java.util.List;

class KeyTableTest {

    private final KeyTable table = new KeyTable();
    private EpollSelector selector;
    private EpollSocketChannel channel;

    @BeforeEach
    void open() throws IOException {
        selector = (EpollSelector) EpollSelectorProvider.levelTriggered().openSelector();
        channel = (EpollSocketChannel) EpollSelectorProvider.levelTriggered().openSocketChannel();
    }

    @AfterEach
    void close() throws IOException {
        channel.close();
        selector.close();
    }

    private EpollSelectionKey insert() {
        EpollSelectionKey key = new EpollSelectionKey(selector, channel, 0);
        table.insert(key);
        return key;
    }

    @Test
    void everyTokenFindsItsKeyAmongMany() {
        List<EpollSelectionKey> keys = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            keys.add(insert());
        }
        assertThat(keys).allMatch(key -> table.find(key.token) == key && table.contains(key));
        assertThat(table)
                .hasSize(1000)
                .containsExactlyInAnyOrderElementsOf(List.<SelectionKey>copyOf(keys));
    }

    @Test
    void aReusedSlotIsNotFoundByItsOldToken() {
        EpollSelectionKey old = insert();
        table.erase(old);
        assertThat(table.find(old.token)).isNull();
        EpollSelectionKey next = insert();
        assertThat((int) next.token).isEqualTo((int) old.token);
        assertThat(next.token).isNotEqualTo(old.token);
        assertThat(table.find(old.token)).isNull();
        assertThat(table.contains(old)).isFalse();
        table.erase(old);
        assertThat(table.find(next.token)).isSameAs(next);
        assertThat(table).hasSize(1);
    }

    @Test
    void theTableDoesNotGrowWhileKeysComeAndGo() {
        List<EpollSelectionKey> keys = new ArrayList<>();
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < 100; i++) {
                keys.add(insert());
            }
            assertThat(keys).allMatch(key -> (int) key.token < 100);
            keys.forEach(table::erase);
            keys.clear();
        }
        assertThat(table).isEmpty();
    }
}
