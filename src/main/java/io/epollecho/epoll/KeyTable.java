package io.epollecho.epoll;

import org.jspecify.annotations.Nullable;

import java.nio.channels.SelectionKey;
import java.util.AbstractSet;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.Objects;

/**
 * The keys of a selector. Each has a slot in an array, and events carry the number of the slot, so
 * finding a key costs one array access.
 *
 * <p>An event names its key by a <em>token</em>: the slot in the low 32 bits, and in the high 32
 * bits a number that is new for each key. While an event waits in a batch, its connection may be
 * closed and a new one may get the same descriptor and the same slot; the token then finds no key.
 *
 * <p>Any thread may call any method. As a set it is the unmodifiable view that {@link
 * java.nio.channels.Selector#keys()} returns; its iterators show the keys of one moment.
 */
final class KeyTable extends AbstractSet<SelectionKey> {

    /** The token of the selector's own eventfd, which has no key. */
    static final long NO_KEY = -1;

    private volatile @Nullable EpollSelectionKey[] slots = new EpollSelectionKey[16];

    // Under the monitor: the free slots as a stack, the number of slots ever used, the last number.
    private int[] freeSlots = new int[16];
    private int freeCount;
    private int used;
    private int generation;

    /** Gives the key a token and adds it. */
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
     * Returns the key of an event, {@code null} if it has been removed. Takes no lock: the
     * selecting thread has passed the key's token to the kernel itself, after the key was inserted.
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
