package io.epollecho.probe;

import io.epollecho.stream.AddressFormat;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The server's addresses. A lookup may take seconds, so it runs in the background. It takes as long
 * as the name service needs; the addresses of the previous lookup are used until then.
 */
final class Resolver {

    /** The outcome of a lookup: addresses, or the reason why there are none. */
    private record Answer(List<InetSocketAddress> addresses, String problem) {}

    private final String host;
    private final int port;
    private final @Nullable AddressFamily family;
    private final Runnable whenAnswered;
    private final Set<String> seen = Collections.synchronizedSet(new LinkedHashSet<>());
    private final AtomicBoolean running = new AtomicBoolean();
    private volatile @Nullable Answer answer;

    /**
     * Creates a resolver, which looks up the name at once unless the options contain its address.
     *
     * @param whenAnswered the action to perform after each lookup, on another thread
     */
    Resolver(ProbeOptions options, Runnable whenAnswered) {
        InetSocketAddress address = options.address();
        this.host = address.getHostString();
        this.port = address.getPort();
        this.family = options.family();
        this.whenAnswered = whenAnswered;
        if (address.isUnresolved()) {
            refresh();
        } else {
            answer = select(address.getAddress());
        }
    }

    /** Returns whether the first lookup has ended. */
    boolean isAnswered() {
        return answer != null;
    }

    /**
     * Returns the addresses found by the latest lookup, at least one.
     *
     * @throws UnknownHostException if the name has no address of the required family
     */
    List<InetSocketAddress> addresses() throws UnknownHostException {
        Answer latest = answer;
        if (latest == null) {
            throw new UnknownHostException(
                    "The lookup of " + host + " has not ended within the timeout");
        }
        if (latest.addresses.isEmpty()) {
            throw new UnknownHostException(latest.problem);
        }
        return latest.addresses;
    }

    /** Returns all addresses that the name has had, of both families. */
    List<String> seen() {
        synchronized (seen) {
            return List.copyOf(seen);
        }
    }

    /** Starts a new lookup of the name, because the server may have moved. */
    void refresh() {
        if (running.compareAndSet(false, true)) {
            Thread.ofVirtual().name("probe-resolver").start(this::lookUp);
        }
    }

    private void lookUp() {
        try {
            answer = select(InetAddress.getAllByName(host));
        } catch (UnknownHostException | IllegalArgumentException e) {
            answer = new Answer(List.of(), "Unknown host " + host);
        } finally {
            running.set(false);
            whenAnswered.run();
        }
    }

    private Answer select(InetAddress... all) {
        List<String> texts = Arrays.stream(all).map(AddressFormat::format).toList();
        seen.addAll(texts);
        List<InetSocketAddress> addresses =
                Arrays.stream(all)
                        .filter(address -> family == null || AddressFamily.of(address) == family)
                        .map(address -> new InetSocketAddress(address, port))
                        .toList();
        return new Answer(
                addresses,
                host + " has no " + family + " address, only " + String.join(", ", texts));
    }
}
