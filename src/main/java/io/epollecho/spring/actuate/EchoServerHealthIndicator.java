package io.epollecho.spring.actuate;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerState;
import io.epollecho.server.SocketAddresses;
import io.epollecho.server.Transport;

import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

import java.util.Locale;

/** The health contributor {@code echo}: up while the server accepts connections. */
public final class EchoServerHealthIndicator extends AbstractHealthIndicator {

    private final EchoServer server;

    /**
     * Speaks for a server.
     *
     * @param server the server
     */
    public EchoServerHealthIndicator(EchoServer server) {
        super("The echo server cannot be asked");
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
        Transport transport = server.config().transport();
        health.withDetail("state", state.name().toLowerCase(Locale.ROOT))
                .withDetail("selector", transport.name())
                .withDetail("triggerMode", transport.triggerMode().label())
                .withDetail("connections", server.statistics().active());
        if (state != EchoServerState.STOPPED) {
            health.withDetail("address", SocketAddresses.format(server.localAddress()));
        }
    }
}
