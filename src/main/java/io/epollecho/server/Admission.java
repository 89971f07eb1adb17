package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Limits the open connections: all of them and, where that is configured, those of each address.
 * Connections are admitted on one thread, that of the acceptors. Tickets are counted for an address
 * and closed on any.
 */
final class Admission {

    private final int max;
    private final ConnectionLimits limits;
    private final AtomicInteger open = new AtomicInteger();

    /** Written on the thread of the acceptors only. */
    private volatile int peak;

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

        final Admission admission;
        private boolean closed;

        private Ticket(Admission admission) {
            this.admission = admission;
        }

        final void close() {
            if (!closed) {
                closed = true;
                admission.open.decrementAndGet();
                release();
            }
        }

        /** Returns how many connections an address may have open; 0 if there is no limit. */
        final int addressLimit() {
            return admission.limits.maxPerAddress();
        }

        /** Counts for an address as well, once. Returns false if that has reached its limit. */
        boolean countFor(InetAddress peer) {
            return true;
        }

        void release() {}
    }

    private static final class AddressTicket extends Ticket {

        private @Nullable AddressPrefix counted;

        AddressTicket(Admission admission) {
            super(admission);
        }

        @Override
        boolean countFor(InetAddress peer) {
            AddressPrefix address = AddressPrefix.of(peer, admission.limits.ipv6PrefixLength());
            if (!admission.count(address)) {
                return false;
            }
            counted = address;
            return true;
        }

        @Override
        void release() {
            if (counted != null) {
                admission.discount(counted);
            }
        }
    }

    /** Returns the limit that is the reason to refuse connections. */
    int limit(RejectReason reason) {
        return reason == RejectReason.ADDRESS_LIMIT ? limits.maxPerAddress() : max;
    }

    /** Returns whether connections have to be counted for their addresses. */
    boolean countsAddresses() {
        return limits.maxPerAddress() > 0;
    }

    /** Admits a connection if the limit of all has not been reached; returns null otherwise. */
    @Nullable Ticket admit() {
        if (open.get() >= max) {
            return null;
        }
        // Allocate before counting: what fails for lack of memory must not stay counted.
        Ticket ticket = countsAddresses() ? new AddressTicket(this) : new Ticket(this);
        int now = open.incrementAndGet();
        if (now > peak) {
            peak = now;
        }
        return ticket;
    }

    /** Returns the most connections that were open at once. For any thread. */
    int peak() {
        return peak;
    }

    private boolean count(AddressPrefix address) {
        if (openByAddress.merge(address, 1, Integer::sum) <= limits.maxPerAddress()) {
            return true;
        }
        discount(address);
        return false;
    }

    private void discount(AddressPrefix address) {
        openByAddress.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
    }
}
