package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Who may come in: counts the open connections, all of them and, where that is limited, those of
 * each address. Entered by the acceptor alone, left on any loop.
 */
final class Admission {

    private final int max;
    private final int maxPerAddress;
    private final AtomicInteger open = new AtomicInteger();
    private final ConcurrentMap<InetAddress, Integer> openByAddress = new ConcurrentHashMap<>();

    Admission(int max, int maxPerAddress) {
        this.max = max;
        this.maxPerAddress = maxPerAddress;
    }

    /** The limit that was the reason. */
    int limit(RejectReason reason) {
        return reason == RejectReason.ADDRESS_LIMIT ? maxPerAddress : max;
    }

    /**
     * The address to count a connection under; none, and none looked up, where addresses do not
     * count.
     */
    @Nullable InetAddress countedAddress(SocketChannel channel) throws IOException {
        return maxPerAddress > 0 && channel.getRemoteAddress() instanceof InetSocketAddress peer
                ? peer.getAddress()
                : null;
    }

    /** Lets a connection in and returns nothing, or returns why not. */
    @Nullable RejectReason enter(@Nullable InetAddress countedAddress) {
        if (open.get() >= max) {
            return RejectReason.LIMIT;
        }
        if (countedAddress != null) {
            if (openByAddress.getOrDefault(countedAddress, 0) >= maxPerAddress) {
                return RejectReason.ADDRESS_LIMIT;
            }
            openByAddress.merge(countedAddress, 1, Integer::sum);
        }
        open.incrementAndGet();
        return null;
    }

    void leave(@Nullable InetAddress countedAddress) {
        open.decrementAndGet();
        if (countedAddress != null) {
            openByAddress.computeIfPresent(
                    countedAddress, (address, count) -> count == 1 ? null : count - 1);
        }
    }
}
