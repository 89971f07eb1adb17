package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Several random peers whose turns are interleaved at random on one thread. The seed determines
 * everything that they do, but not when the server's bytes arrive.
 */
final class RandomPeers {

    /** The number of peers that run at once. */
    static final int AT_ONCE = 16;

    private static final int CHUNK = 64 * 1024;

    private final byte[] memory = new byte[CHUNK];
    private final InetSocketAddress server;
    private final boolean urgentFromTheStart;
    private long bytes;

    /**
     * Creates peers of a server on the given backend. The JDK's channels cannot set SO_OOBINLINE
     * before a connection is accepted, so the kernel removes the first of two urgent bytes that
     * arrive earlier.
     */
    RandomPeers(Backend backend, InetSocketAddress server) {
        this.server = server;
        this.urgentFromTheStart = backend != Backend.JDK_LEVEL;
    }

    /** Returns the number of bytes that all peers have received so far. */
    long bytes() {
        return bytes;
    }

    /** Runs {@value #AT_ONCE} peers with scripts determined by the seed. */
    void play(long seed) throws IOException {
        var random = new SplittableRandom(seed);
        List<RandomPeer> peers =
                Stream.generate(() -> new RandomPeer(random, urgentFromTheStart))
                        .limit(AT_ONCE)
                        .toList();
        var live = new ArrayList<>(peers);
        try (Selector selector = Selector.open()) {
            int inVain = 0;
            while (!live.isEmpty()) {
                int chosen = random.nextInt(live.size());
                inVain = turn(live.get(chosen), selector) ? 0 : inVain + 1;
                if (live.get(chosen).done()) {
                    live.remove(chosen);
                }
                if (inVain > live.size() && !anyTurn(live, selector)) {
                    await(live, selector);
                    inVain = 0;
                }
            }
        } finally {
            for (RandomPeer peer : peers) {
                bytes += peer.received();
                peer.close();
            }
        }
    }

    private boolean turn(RandomPeer peer, Selector selector) {
        try {
            return peer.turn(server, selector, memory);
        } catch (IOException | AssertionError e) {
            throw new AssertionError(e.getMessage() + ": " + peer, e);
        }
    }

    /** Returns whether any peer can make progress, because the random choice may have missed it. */
    private boolean anyTurn(List<RandomPeer> live, Selector selector) {
        @Nullable RandomPeer moved = null;
        for (RandomPeer peer : live) {
            if (turn(peer, selector)) {
                moved = peer;
                break;
            }
        }
        if (moved != null && moved.done()) {
            live.remove(moved);
        }
        return moved != null;
    }

    private static void await(List<RandomPeer> live, Selector selector) throws IOException {
        live.forEach(peer -> peer.await(selector));
        if (selector.select(key -> key.interestOps(0), Background.PATIENCE_MILLIS) == 0) {
            throw new AssertionError("All peers wait for the server: " + live);
        }
    }
}
