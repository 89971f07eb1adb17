package io.epollecho.spring;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerListener;
import io.epollecho.server.EchoServerState;

import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.AvailabilityState;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.ApplicationListener;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A listener that publishes the states of the echo server as application events and as liveness and
 * readiness, and its ports as properties.
 *
 * <p>Spring Boot declares readiness for the first time, when the whole application has started.
 * After that, readiness follows the echo server. A state that another part of the application has
 * published is neither repeated nor taken back: it remains until that part changes it.
 */
public final class EchoServerEventPublisher
        implements EchoServerListener, ApplicationListener<AvailabilityChangeEvent<?>> {

    private final ApplicationEventPublisher publisher;
    private final LocalPorts ports;

    /** The last change of liveness and of readiness, whoever has published it. */
    private final Map<Class<?>, AvailabilityChangeEvent<?>> last = new ConcurrentHashMap<>();

    EchoServerEventPublisher(ApplicationEventPublisher publisher, LocalPorts ports) {
        this.publisher = publisher;
        this.ports = ports;
    }

    @Override
    public void onApplicationEvent(AvailabilityChangeEvent<?> event) {
        if (event.getState() instanceof Enum<?> state) {
            last.put(state.getDeclaringClass(), event);
        }
    }

    @Override
    public void stateChanged(EchoServer server, EchoServerState state) {
        switch (state) {
            case RUNNING -> {
                // First, because a listener of the events may need the ports, and may fail.
                ports.publish(server.localAddresses());
                takeBack(server, LivenessState.BROKEN, LivenessState.CORRECT);
                takeBack(server, ReadinessState.REFUSING_TRAFFIC, ReadinessState.ACCEPTING_TRAFFIC);
                publisher.publishEvent(new EchoServerStartedEvent(server));
            }
            case DRAINING -> {
                publish(server, ReadinessState.REFUSING_TRAFFIC);
                publisher.publishEvent(new EchoServerDrainingEvent(server));
            }
            case STOPPED -> {
                ports.withdraw();
                publish(server, ReadinessState.REFUSING_TRAFFIC);
                publisher.publishEvent(new EchoServerStoppedEvent(server));
            }
            case FAILED -> {
                ports.withdraw();
                publish(server, LivenessState.BROKEN);
                publish(server, ReadinessState.REFUSING_TRAFFIC);
                publisher.publishEvent(new EchoServerFailedEvent(server));
            }
        }
    }

    @Override
    public void stallChanged(EchoServer server, boolean stalled) {
        if (stalled) {
            publish(server, LivenessState.BROKEN);
        } else {
            takeBack(server, LivenessState.BROKEN, LivenessState.CORRECT);
        }
    }

    /** Publishes a state unless it is the current one. */
    private <S extends Enum<S> & AvailabilityState> void publish(EchoServer server, S state) {
        AvailabilityChangeEvent<?> current = last.get(state.getDeclaringClass());
        if (current == null || current.getState() != state) {
            AvailabilityChangeEvent.publish(publisher, server, state);
        }
    }

    /** Replaces a state if this server has published it and nobody has changed it since. */
    private <S extends Enum<S> & AvailabilityState> void takeBack(
            EchoServer server, S published, S state) {
        AvailabilityChangeEvent<?> current = last.get(state.getDeclaringClass());
        if (current != null
                && current.getState() == published
                && server.equals(current.getSource())) {
            AvailabilityChangeEvent.publish(publisher, server, state);
        }
    }
}
