package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The limits on open connections: in total and, if configured, per address. Connections are
 * admitted on the acceptors' thread only. Tickets may be counted for an address and closed on any
 * thread.
 */
final class Admission {

    private final int max;
    private final ConnectionLimits limits;
    private final AtomicInteger open = new AtomicInteger();

    /** Written only on the acceptors' thread. */
    private volatile int peak;

    /** The addresses with open connections; also their lock. */
    private final Map<AddressPrefix, Address> addresses = new HashMap<>();

    /**
     * Creates an admission with no open connections.
     *
     * @param max the maximum number of open connections, which may be lower than configured
     * @param limits the configured limits
     */
    Admission(int max, ConnectionLimits limits) {
        this.max = max;
        this.limits = limits;
    }

    /**
     * The right of one connection to be open. Closed together with the connection; closing it again
     * has no effect.
     */
    static class Ticket {

        /** Null once closed: one field fewer is 8 bytes less per connection. */
        private @Nullable Admission admission;

        private Ticket(Admission admission) {
            this.admission = admission;
        }

        /** Closes the ticket. Allocates nothing. */
        final void close() {
            Admission issuer = admission;
            if (issuer != null) {
                issuer.open.decrementAndGet();
                admission = null;
                release(issuer);
            }
        }

        /** Returns the admission that issued the open ticket. */
        final Admission admission() {
            return Objects.requireNonNull(admission, "The ticket is closed");
        }

        /** Returns the maximum number of open connections per address; 0 if there is no limit. */
        final int addressLimit() {
            return admission().limits.maxPerAddress();
        }

        /**
         * Counts the connection for an address. Called at most once. Returns false if the address
         * has reached its limit.
         */
        boolean countFor(InetAddress peer) {
            return true;
        }

        /** Releases the address, if the connection has been counted for one. Idempotent. */
        void release(Admission admission) {}
    }

    private static final class AddressTicket extends Ticket {

        private @Nullable Address counted;

        AddressTicket(Admission admission) {
            super(admission);
        }

        @Override
        boolean countFor(InetAddress peer) {
            counted = admission().count(peer);
            return counted != null;
        }

        @Override
        void release(Admission admission) {
            Address address = counted;
            if (address != null) {
                counted = null;
                admission.discount(address);
            }
        }
    }

    /** An address with open connections. */
    private static final class Address {

        private final AddressPrefix prefix;

        /** Guarded by the lock of {@link #addresses}. */
        private int open;

        Address(AddressPrefix prefix) {
            this.prefix = prefix;
        }
    }

    /** Returns the limit that belongs to a reject reason. */
    int limit(RejectReason reason) {
        return reason == RejectReason.ADDRESS_LIMIT ? limits.maxPerAddress() : max;
    }

    /** Returns whether connections are counted per address. */
    boolean countsAddresses() {
        return limits.maxPerAddress() > 0;
    }

    /** Admits a connection, or returns null if the limit on all connections is reached. */
    @Nullable Ticket admit() {
        if (open.get() >= max) {
            return null;
        }
        // Allocate before counting; otherwise a connection would stay counted after an
        // OutOfMemoryError.
        Ticket ticket = countsAddresses() ? new AddressTicket(this) : new Ticket(this);
        int now = open.incrementAndGet();
        if (now > peak) {
            peak = now;
        }
        return ticket;
    }

    /** Returns the peak number of open connections. Thread-safe. */
    int peak() {
        return peak;
    }

    /** Counts a connection for an address, or returns null if the address is at its limit. */
    private @Nullable Address count(InetAddress peer) {
        AddressPrefix prefix = AddressPrefix.of(peer, limits.ipv6PrefixLength());
        synchronized (addresses) {
            Address address = addresses.computeIfAbsent(prefix, Address::new);
            if (address.open == limits.maxPerAddress()) {
                return null;
            }
            address.open++;
            return address;
        }
    }

    private void discount(Address address) {
        synchronized (addresses) {
            address.open--;
            if (address.open == 0) {
                addresses.remove(address.prefix);
            }
        }
    }
}
