package io.epollecho.probe;

import io.epollecho.stream.AddressFormat;

import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** Collects the local addresses of the connections. */
final class Sources {

    private final SortedSet<String> addresses = new TreeSet<>();
    private int connections;
    private int port;

    void add(InetSocketAddress address) {
        addresses.add(AddressFormat.format(address.getAddress()));
        port = address.getPort();
        connections++;
    }

    /** Returns the addresses, with the port if there was only one connection. */
    Optional<String> text() {
        if (addresses.isEmpty()) {
            return Optional.empty();
        }
        String all = String.join(", ", addresses);
        if (connections > 1) {
            return Optional.of(all);
        }
        return Optional.of((all.contains(":") ? "[" + all + "]" : all) + ":" + port);
    }
}
