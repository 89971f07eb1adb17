package io.epollecho.epoll;

import org.jspecify.annotations.Nullable;

import java.nio.channels.SelectionKey;
import java.util.AbstractSet;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;

/**
 * The selected-key set. Users can remove keys but not add them; only the selector adds keys. Not
 * thread-safe, as specified.
 */
final class SelectedKeys extends AbstractSet<SelectionKey> {

    private final Set<SelectionKey> keys = new HashSet<>();

    void select(SelectionKey key) {
        keys.add(key);
    }

    @Override
    public int size() {
        return keys.size();
    }

    @Override
    public boolean contains(@Nullable Object object) {
        return keys.contains(object);
    }

    @Override
    public boolean remove(@Nullable Object object) {
        return keys.remove(object);
    }

    @Override
    public void clear() {
        keys.clear();
    }

    @Override
    public Iterator<SelectionKey> iterator() {
        return keys.iterator();
    }
}
