package io.epollecho.epoll;

import org.jspecify.annotations.Nullable;

import java.nio.channels.SelectionKey;
import java.util.AbstractSet;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.Objects;

/**
 * The keys of a selector. Each has a slot in an array, by whose number the kernel names it in an
 * event, so finding a key costs one array access.
 *
 * <p>The name is a <em>token</em>: the slot in the low 32 bits and a number in the high 32 bits
 * that is new for each key. An event may lie in a batch while its connection is closed and a new
 * one gets the same descriptor and the same slot; it then names nobody.
 *
 * <p>Any thread may call any method. As a set it is the unmodifiable view that {@link
 * java.nio.channels.Selector#keys()} returns; its iterators show the keys of one moment.
 */
final class KeyTable extends AbstractSet<SelectionKey> {

    /** The token of what is no key: the selector's own eventfd. */
    static final long NO_KEY = -1;

    private volatile @Nullable EpollSelectionKey[] slots = new EpollSelectionKey[16];

    // Under the monitor: a stack of the slots that have become free, those never used, the next
    // number.
    private int[] freeSlots = new int[16];
    private int freeCount;
    private int used;
    private int generation;

    /** Gives the key a token and takes it in. */
    synchronized void insert(EpollSelectionKey key) {
        int slot = (freeCount > 0) ? freeSlots[--freeCount] : used++;
        if (slot == slots.length) {
            slots = Arrays.copyOf(slots, 2 * slot);
        }
        // The sign bit stays clear, so no token is NO_KEY.
        generation = (generation + 1) & Integer.MAX_VALUE;
        key.token = ((long) generation << 32) | slot;
        slots[slot] = key;
    }

    synchronized void erase(EpollSelectionKey key) {
        int slot = (int) key.token;
        if (slots[slot] == key) {
            slots[slot] = null;
            if (freeCount == freeSlots.length) {
                freeSlots = Arrays.copyOf(freeSlots, 2 * freeCount);
            }
            freeSlots[freeCount++] = slot;
        }
    }

    /**
     * The key of an event, {@code null} if it is not there any more. Takes no lock: the selecting
     * thread has handed the key's token to the kernel itself, after it was inserted.
     */
    @Nullable EpollSelectionKey find(long token) {
        EpollSelectionKey key = slots[(int) token];
        return (key != null && key.token == token) ? key : null;
    }

    @Override
    public synchronized int size() {
        return used - freeCount;
    }

    @Override
    public synchronized boolean contains(@Nullable Object object) {
        return object instanceof EpollSelectionKey key
                && (int) key.token < used
                && slots[(int) key.token] == key;
    }

    @Override
    public Iterator<SelectionKey> iterator() {
        return Collections.unmodifiableList(Arrays.asList(snapshot())).iterator();
    }

    synchronized SelectionKey[] snapshot() {
        return Arrays.stream(slots).filter(Objects::nonNull).toArray(SelectionKey[]::new);
    }

    @Override
    public boolean remove(@Nullable Object object) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void clear() {
        throw new UnsupportedOperationException();
    }
}
