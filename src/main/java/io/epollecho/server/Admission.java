package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Limits the open connections: all of them and, where that is configured, those of each address.
 * Connections are admitted on one thread, that of the acceptors; tickets are closed on any.
 */
final class Admission {

    private final int max;
    private final ConnectionLimits limits;
    private final AtomicInteger open = new AtomicInteger();
    private final ConcurrentMap<AddressPrefix, Integer> openByAddress = new ConcurrentHashMap<>();

    /**
     * Creates an admission without open connections.
     *
     * @param max how many connections may be open, which may be less than configured
     * @param limits the configured limits
     */
    Admission(int max, ConnectionLimits limits) {
        this.max = max;
        this.limits = limits;
    }

    /**
     * Entitles a connection to be open. Closed once, when the connection is; further closes do
     * nothing.
     */
    static class Ticket {

        private @Nullable Admission admission;

        private Ticket(Admission admission) {
            this.admission = admission;
        }

        final void close() {
            if (admission != null) {
                admission.open.decrementAndGet();
                release(admission);
                admission = null;
            }
        }

        void release(Admission from) {}
    }

    /** Counts for an address as well. */
    private static final class AddressTicket extends Ticket {

        private final AddressPrefix address;

        AddressTicket(Admission admission, AddressPrefix address) {
            super(admission);
            this.address = address;
        }

        @Override
        void release(Admission from) {
            from.openByAddress.computeIfPresent(
                    address, (key, count) -> count == 1 ? null : count - 1);
        }
    }

    /** Returns the limit that is the reason to refuse connections. */
    int limit(RejectReason reason) {
        return reason == RejectReason.ADDRESS_LIMIT ? limits.maxPerAddress() : max;
    }

    /**
     * Returns what a connection is counted under; {@code null}, without a look at its address,
     * where addresses do not count.
     */
    @Nullable AddressPrefix countedAddress(SocketChannel channel) throws IOException {
        return limits.maxPerAddress() > 0
                        && channel.getRemoteAddress() instanceof InetSocketAddress peer
                ? AddressPrefix.of(peer.getAddress(), limits.ipv6PrefixLength())
                : null;
    }

    /** Returns why a connection cannot be admitted now, or {@code null} if it can. */
    @Nullable RejectReason refusal(@Nullable AddressPrefix address) {
        if (open.get() >= max) {
            return RejectReason.LIMIT;
        }
        if (address != null && openByAddress.getOrDefault(address, 0) >= limits.maxPerAddress()) {
            return RejectReason.ADDRESS_LIMIT;
        }
        return null;
    }

    /** Admits a connection for which there is no {@link #refusal}. */
    Ticket admit(@Nullable AddressPrefix address) {
        // Allocate before counting: what fails for lack of memory must not stay counted.
        Ticket ticket = address == null ? new Ticket(this) : new AddressTicket(this, address);
        if (address != null) {
            openByAddress.merge(address, 1, Integer::sum);
        }
        open.incrementAndGet();
        return ticket;
    }
}
