package io.epollecho.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.epollecho.EchoPeer;
import io.epollecho.Stopwatch;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.EchoServerState;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.availability.ApplicationAvailabilityAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.context.LifecycleAutoConfiguration;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationContextException;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.Environment;
import org.springframework.util.ClassUtils;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;

@Tag("slow")
class EchoServerLifecycleTest {

    private static final int SOON_SECONDS = 5;

    /** Maximum time until a dead or stuck event loop breaks liveness. */
    private static final Duration NOTICED = Duration.ofSeconds(2);

    private final ConfigurableApplicationContext context = start();
    private final EchoServer server = context.getBean(EchoServer.class);

    private static ConfigurableApplicationContext start(String... arguments) {
        return new SpringApplicationBuilder(Application.class)
                .web(WebApplicationType.NONE)
                .properties(
                        "echo.server.address=127.0.0.1",
                        "echo.server.port=0",
                        "echo.server.socket.send-buffer=16KB")
                .run(arguments);
    }

    @AfterEach
    void close() {
        context.close();
    }

    @Test
    void startsAfterTheWebServerAndStopsBeforeIt() {
        assertThat(context.getBean(EchoServerLifecycle.class).getPhase())
                .isEqualTo(SmartLifecycle.DEFAULT_PHASE - 512)
                .isGreaterThan(WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE)
                .isGreaterThan(WebServerApplicationContext.START_STOP_LIFECYCLE_PHASE);
    }

    @Test
    void isNotPausedWithTheContext() throws IOException {
        assertThat(context.getBean(EchoServerLifecycle.class).isPauseable()).isFalse();
        context.pause();
        EchoPeer.assertEchoes(port());
    }

    @Test
    void stopsInTheBackgroundAndCallsBack() throws IOException {
        try (EchoPeer peer = stalledPeer()) {
            var stopped = new CompletableFuture<Void>();
            var lifecycle = context.getBean(EchoServerLifecycle.class);
            lifecycle.stop(() -> stopped.complete(null));
            assertThat(server.state()).isEqualTo(EchoServerState.DRAINING);
            assertThat(lifecycle.isRunning()).isTrue();
            assertThat(stopped).isNotDone();
            peer.finish();
            assertThat(stopped).succeedsWithin(Duration.ofSeconds(SOON_SECONDS));
            assertThat(lifecycle.isRunning()).isFalse();
        }
    }

    @Test
    void restartsWithTheContext() throws IOException {
        for (int i = 0; i < 3; i++) {
            EchoPeer.assertEchoes(port());
            context.stop();
            assertThat(server.state()).isEqualTo(EchoServerState.STOPPED);
            context.start();
        }
        EchoPeer.assertEchoes(port());
        assertThat(server.statistics().accepted()).isEqualTo(4 * 2);
    }

    @Test
    void publishesEventsInOrder() throws IOException {
        try (EchoPeer peer = EchoPeer.connect(port())) {
            peer.exchange(10);
            CompletableFuture<Void> stopped = CompletableFuture.runAsync(context::stop);
            await().until(() -> server.state() == EchoServerState.DRAINING);
            peer.finish();
            assertThat(stopped).succeedsWithin(Duration.ofSeconds(SOON_SECONDS));
        }
        context.start();
        assertThat(events())
                .containsExactly(
                        "started, echoes",
                        "draining, connections 1",
                        "stopped, connections 0, bytes 1010",
                        "started, echoes");
    }

    @Test
    void readinessFollowsTheServer() throws IOException {
        assertThat(readiness()).isEqualTo(ReadinessState.ACCEPTING_TRAFFIC);
        try (EchoPeer peer = stalledPeer()) {
            CompletableFuture<Void> stopped = server.shutdown(Duration.ofSeconds(20));
            assertThat(readiness()).isEqualTo(ReadinessState.REFUSING_TRAFFIC);
            peer.finish();
            assertThat(stopped).succeedsWithin(Duration.ofSeconds(SOON_SECONDS));
        }
        assertThat(readiness()).isEqualTo(ReadinessState.REFUSING_TRAFFIC);
        server.start();
        assertThat(readiness()).isEqualTo(ReadinessState.ACCEPTING_TRAFFIC);
        assertThat(liveness()).isEqualTo(LivenessState.CORRECT);
    }

    @Test
    void livenessBreaksWhenALoopDiesAndRecoversWithARestart() throws IOException {
        context.getBean(BreakableSelector.class).breakLoops();
        await().atMost(NOTICED).until(() -> liveness() == LivenessState.BROKEN);
        await().untilAsserted(
                        () -> assertThat(events()).last().asString().startsWith("failed, because"));
        assertThat(liveness()).isEqualTo(LivenessState.BROKEN);
        assertThat(readiness()).isEqualTo(ReadinessState.REFUSING_TRAFFIC);

        context.stop();
        context.start();
        assertThat(liveness()).isEqualTo(LivenessState.CORRECT);
        assertThat(readiness()).isEqualTo(ReadinessState.ACCEPTING_TRAFFIC);
        EchoPeer.assertEchoes(port());
    }

    @Test
    void leavesABrokenLivenessToTheHost() {
        AvailabilityChangeEvent.publish(context, "the host", LivenessState.BROKEN);
        server.stop();
        server.start();
        assertThat(liveness()).isEqualTo(LivenessState.BROKEN);
    }

    @Test
    void leavesALivenessThatTheHostHasBrokenMeanwhile() throws Exception {
        context.getBean(BreakableSelector.class).breakLoops();
        await().atMost(NOTICED).until(() -> liveness() == LivenessState.BROKEN);
        AvailabilityChangeEvent.publish(context, "the host", LivenessState.BROKEN);
        context.stop();
        context.start();
        assertThat(liveness()).isEqualTo(LivenessState.BROKEN);
    }

    @Test
    void leavesAReadinessThatTheHostHasTurnedOff() {
        AvailabilityChangeEvent.publish(context, "the host", ReadinessState.REFUSING_TRAFFIC);
        server.stop();
        server.start();
        assertThat(readiness()).isEqualTo(ReadinessState.REFUSING_TRAFFIC);
    }

    @Test
    void publishesThePortBeforeTheStartedEvent() {
        assertThat(context.getBean(Recorder.class).ports)
                .containsExactly(server.localAddress().getPort());
        context.stop();
        assertThat(context.getEnvironment().getProperty(LocalEchoServerPort.PROPERTY)).isNull();
    }

    /** The customizer allows a longer drain than Spring's shutdown phase. */
    @Test
    void stopsWithTheContextWhateverTheDrainTimeoutOfACustomizer() throws IOException {
        var other = start("--spring.lifecycle.timeout-per-shutdown-phase=3s", "--long-drain");
        EchoServer drained = other.getBean(EchoServer.class);
        assertThat(drained.config().drainTimeout()).isEqualTo(Duration.ofHours(1));
        try (EchoPeer peer = EchoPeer.connect(drained.localAddress().getPort())) {
            peer.stall(() -> drained.statistics().pendingBytes() > 0);
            other.close();
            assertThat(drained.state()).isEqualTo(EchoServerState.STOPPED);
        } finally {
            drained.stop();
        }
    }

    @Test
    void stopsIfTheApplicationFailsToStartAfterIt() {
        var started = new AtomicReference<@Nullable EchoServer>();
        assertThatExceptionOfType(ApplicationContextException.class)
                .isThrownBy(
                        () ->
                                new SpringApplicationBuilder(Application.class)
                                        .web(WebApplicationType.NONE)
                                        .properties("echo.server.port=0")
                                        .initializers(
                                                failing ->
                                                        ((GenericApplicationContext) failing)
                                                                .registerBean(
                                                                        FailingLifecycle.class,
                                                                        () ->
                                                                                new FailingLifecycle(
                                                                                        failing,
                                                                                        started)))
                                        .run());
        assertThat(started.get()).isNotNull().returns(EchoServerState.STOPPED, EchoServer::state);
    }

    /** Fails after the server has started. */
    record FailingLifecycle(
            ApplicationContext context, AtomicReference<@Nullable EchoServer> started)
            implements SmartLifecycle {

        @Override
        public void start() {
            started.set(context.getBean(EchoServer.class));
            throw new IllegalStateException("intended");
        }

        @Override
        public void stop() {}

        @Override
        public boolean isRunning() {
            return false;
        }
    }

    /** Takes the shortest of three times, because a busy machine may delay the detection. */
    @Test
    void livenessBreaksWhileALoopIsStuck() throws Exception {
        BreakableSelector breakable = context.getBean(BreakableSelector.class);
        Duration least = Duration.ofDays(1);
        for (int i = 0; i < 3 && least.compareTo(NOTICED) > 0; i++) {
            breakable.holdLoops();
            var sinceStuck = Stopwatch.start();
            await().pollInterval(Duration.ofMillis(5))
                    .until(() -> liveness() == LivenessState.BROKEN);
            Duration taken = sinceStuck.elapsed();
            least = taken.compareTo(least) < 0 ? taken : least;
            breakable.releaseLoops();
            await().until(() -> liveness() == LivenessState.CORRECT);
        }
        assertThat(least).as("time until the stuck loop is detected").isLessThan(NOTICED);
        EchoPeer.assertEchoes(port());
    }

    @Test
    void updatesTheLocalPortAtEachStart() throws IOException {
        int before = port();
        context.stop();
        context.start();
        assertThat(port()).isNotEqualTo(before).isEqualTo(server.localAddress().getPort());
    }

    @ParameterizedTest(name = "phase {0}, drain {1}: {2}")
    @CsvSource({
        // The default is shortened if necessary, down to zero.
        "30s, , 20s",
        "22s, , 20s",
        "10s, , 8s",
        "1s, , 0s",
        // An explicit value is kept.
        "10s, 8s, 8s",
        "30s, 28s, 28s",
        "60s, 58s, 58s",
    })
    void drainsWithinSpringsShutdownPhase(String phase, @Nullable String chosen, String drain) {
        var arguments = new ArrayList<String>();
        arguments.add("--spring.lifecycle.timeout-per-shutdown-phase=" + phase);
        if (chosen != null) {
            arguments.add("--echo.server.shutdown.drain-timeout=" + chosen);
        }
        try (var other = start(arguments.toArray(String[]::new))) {
            assertThat(other.getBean(EchoServerConfig.class).drainTimeout())
                    .isEqualTo(DurationStyle.detectAndParse(drain));
        }
    }

    private EchoPeer stalledPeer() throws IOException {
        EchoPeer peer = EchoPeer.connect(port());
        peer.stall(() -> server.statistics().pendingBytes() > 0);
        return peer;
    }

    private int port() {
        return context.getEnvironment()
                .getRequiredProperty(LocalEchoServerPort.PROPERTY, Integer.class);
    }

    private ReadinessState readiness() {
        return context.getBean(ApplicationAvailability.class).getReadinessState();
    }

    private LivenessState liveness() {
        return context.getBean(ApplicationAvailability.class).getLivenessState();
    }

    private List<String> events() {
        return context.getBean(Recorder.class).events;
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        EchoServerAutoConfiguration.class,
        LifecycleAutoConfiguration.class,
        ApplicationAvailabilityAutoConfiguration.class
    })
    static class Application {

        @Bean
        BreakableSelector breakable() {
            return new BreakableSelector();
        }

        @Bean
        EchoServerConfigCustomizer broken(BreakableSelector breakable) {
            return config -> config.selector(breakable.selector());
        }

        @Bean
        @ConditionalOnProperty("long-drain")
        EchoServerConfigCustomizer longDrain() {
            return config -> config.drainTimeout(Duration.ofHours(1));
        }

        @Bean
        Recorder recorder(Environment environment) {
            return new Recorder(environment);
        }
    }

    /** Records each event with the state of the server at that moment. */
    static class Recorder {

        final List<String> events = new CopyOnWriteArrayList<>();
        final List<Integer> ports = new CopyOnWriteArrayList<>();
        private final Environment environment;

        Recorder(Environment environment) {
            this.environment = environment;
        }

        @EventListener
        void on(EchoServerStartedEvent event) throws IOException {
            EchoPeer.assertEchoes(event.server().localAddress().getPort());
            events.add("started, echoes");
            ports.add(environment.getRequiredProperty(LocalEchoServerPort.PROPERTY, Integer.class));
        }

        @EventListener
        void on(EchoServerDrainingEvent event) {
            events.add(
                    "draining, connections %d"
                            .formatted(
                                    event.server()
                                            .drainProgress()
                                            .orElseThrow()
                                            .connectionsLeft()));
        }

        @EventListener
        void on(EchoServerStoppedEvent event) {
            var totals = event.server().statistics();
            events.add(
                    "stopped, connections %d, bytes %d"
                            .formatted(totals.active(), totals.bytesSent()));
        }

        @EventListener
        void on(EchoServerFailedEvent event) {
            Throwable cause = event.server().failure().orElseThrow();
            events.add("failed, because " + ClassUtils.getShortName(cause.getClass()));
        }
    }
}
