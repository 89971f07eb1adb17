package io.epollecho.spring;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerListener;
import io.epollecho.server.EchoServerState;

import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.AvailabilityState;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.ApplicationEventPublisher;

/**
 * A listener that publishes the states of the echo server as application events and as liveness and
 * readiness.
 *
 * <p>Spring Boot declares readiness for the first time, when the whole application has started.
 * After that, readiness follows the echo server.
 */
public final class EchoServerEventPublisher implements EchoServerListener {

    private final ApplicationEventPublisher publisher;
    private boolean available = true;

    EchoServerEventPublisher(ApplicationEventPublisher publisher) {
        this.publisher = publisher;
    }

    @Override
    public void stateChanged(EchoServer server, EchoServerState state) {
        switch (state) {
            case RUNNING -> {
                if (!available) {
                    available = true;
                    publish(server, LivenessState.CORRECT);
                    publish(server, ReadinessState.ACCEPTING_TRAFFIC);
                }
                publisher.publishEvent(new EchoServerStartedEvent(server));
            }
            case DRAINING -> {
                refuseTraffic(server);
                publisher.publishEvent(new EchoServerDrainingEvent(server));
            }
            case STOPPED -> {
                refuseTraffic(server);
                publisher.publishEvent(new EchoServerStoppedEvent(server));
            }
            case FAILED -> {
                publish(server, LivenessState.BROKEN);
                refuseTraffic(server);
                publisher.publishEvent(new EchoServerFailedEvent(server));
            }
        }
    }

    @Override
    public void stallChanged(EchoServer server, boolean stalled) {
        publish(server, stalled ? LivenessState.BROKEN : LivenessState.CORRECT);
    }

    private void refuseTraffic(EchoServer server) {
        available = false;
        publish(server, ReadinessState.REFUSING_TRAFFIC);
    }

    private <S extends AvailabilityState> void publish(EchoServer server, S state) {
        AvailabilityChangeEvent.publish(publisher, server, state);
    }
}
