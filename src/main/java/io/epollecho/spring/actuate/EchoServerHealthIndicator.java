package io.epollecho.spring.actuate;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerState;
import io.epollecho.server.SelectorBackend;
import io.epollecho.server.SocketAddresses;

import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** The health indicator {@code echo}, which is up while the server accepts connections. */
public final class EchoServerHealthIndicator extends AbstractHealthIndicator {

    private final EchoServer server;

    /**
     * Creates the health indicator of a server.
     *
     * @param server the server
     */
    public EchoServerHealthIndicator(EchoServer server) {
        super("The health check of the echo server failed");
        this.server = server;
    }

    @Override
    protected void doHealthCheck(Health.Builder health) {
        EchoServerState state = server.state();
        switch (state) {
            case RUNNING -> {
                if (server.stalled()) {
                    health.down().withDetail("stalled", true);
                } else {
                    health.up();
                }
            }
            case DRAINING, STOPPED -> health.outOfService();
            case FAILED -> {
                health.down();
                server.failure().ifPresent(health::withException);
            }
        }
        SelectorBackend selector = server.config().selector();
        health.withDetail("state", state.name().toLowerCase(Locale.ROOT))
                .withDetail("selector", selector.name())
                .withDetail("triggerMode", selector.triggerMode().label())
                .withDetail("connections", server.statistics().active());
        if (state != EchoServerState.STOPPED) {
            health.withDetail("listeners", addresses());
        }
    }

    private Map<String, String> addresses() {
        var addresses = new LinkedHashMap<String, String>();
        server.localAddresses()
                .forEach((name, address) -> addresses.put(name, SocketAddresses.format(address)));
        return addresses;
    }
}
