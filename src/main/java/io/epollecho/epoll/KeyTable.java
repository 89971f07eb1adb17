package io.epollecho.epoll;

import org.jspecify.annotations.Nullable;

import java.nio.channels.SelectionKey;
import java.util.AbstractSet;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.Objects;

/**
 * The keys of a selector. Each key has a slot in an array, and events carry the slot number, so
 * that finding a key costs one array access.
 *
 * <p>An event identifies its key by a <em>token</em>, with the slot in the low 32 bits and a number
 * that is new for each key in the high 32 bits. While an event waits in a batch, its connection may
 * be closed and a new connection may get the same descriptor and the same slot; the token then
 * matches no key.
 *
 * <p>All methods may be called by any thread. The set itself is the unmodifiable view returned by
 * {@link java.nio.channels.Selector#keys()}; its iterators work on a snapshot.
 */
final class KeyTable extends AbstractSet<SelectionKey> {

    /** The token of the selector's eventfd, which has no key. */
    static final long NO_KEY = -1;

    private volatile @Nullable EpollSelectionKey[] slots = new EpollSelectionKey[16];

    // Guarded by the monitor: a stack of free slots and its size, the slots used, the last number.
    private int[] freeSlots = new int[16];
    private int freeCount;
    private int used;
    private int generation;

    /** Assigns a token to the key and adds the key. */
    synchronized void insert(EpollSelectionKey key) {
        if (freeCount == 0 && used == slots.length) {
            // Both grow here, so that erasing a key allocates nothing.
            var moreFreeSlots = new int[2 * used];
            slots = Arrays.copyOf(slots, 2 * used);
            freeSlots = moreFreeSlots;
        }
        int slot = (freeCount > 0) ? freeSlots[--freeCount] : used++;
        // The sign bit stays clear, so no token is NO_KEY.
        generation = (generation + 1) & Integer.MAX_VALUE;
        key.token = ((long) generation << 32) | slot;
        slots[slot] = key;
    }

    synchronized void erase(EpollSelectionKey key) {
        int slot = (int) key.token;
        if (slots[slot] == key) {
            slots[slot] = null;
            freeSlots[freeCount++] = slot;
        }
    }

    /** Returns the number of slots. */
    int slots() {
        return slots.length;
    }

    /** Returns the key in a slot, or {@code null} if the slot is free. */
    @Nullable EpollSelectionKey at(int slot) {
        return slots[slot];
    }

    /**
     * Returns the key of an event, or {@code null} if it has been removed. No lock is needed: the
     * selecting thread itself passed the key's token to the kernel, after the key was inserted.
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
