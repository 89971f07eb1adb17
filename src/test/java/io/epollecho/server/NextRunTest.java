package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Late reports of a past run never affect the next run. */
@Timeout(120)
@ExtendWith(OwnThreads.class)
@Tag("slow")
class NextRunTest {

    private static final Backend BACKEND = Backend.EPOLL_EDGE;

    private final FaultyProvider faulty = new FaultyProvider(BACKEND.selector().provider());
    private final List<EchoServerState> states = new CopyOnWriteArrayList<>();
    private final List<Boolean> stalls = new CopyOnWriteArrayList<>();
    private final List<Peer> peers = new ArrayList<>();
    private final EchoServer server =
            new EchoServer(
                    BACKEND.settings().selector(faulty.as(BACKEND.selector())).build(),
                    new EchoServerListener() {
                        @Override
                        public void stateChanged(EchoServer server, EchoServerState state) {
                            states.add(state);
                        }

                        @Override
                        public void stallChanged(EchoServer server, boolean stalled) {
                            stalls.add(stalled);
                        }
                    });

    @AfterEach
    void closeAll() throws IOException {
        faulty.selectors().forEach(FaultyProvider.FaultySelector::release);
        server.stop();
        for (Peer peer : peers) {
            peer.close();
        }
    }

    private Peer connect() throws IOException {
        var peer = new Peer(peers.size(), server.localAddress(), null, 0, 0);
        peers.add(peer);
        peer.echo(100);
        return peer;
    }

    /** Starts the server and returns its thread with the given name. */
    private Thread startAndFind(String name) {
        server.start();
        return OwnThreads.named(name);
    }

    private static void awaitEnd(Thread thread) throws InterruptedException {
        assertThat(thread.join(Background.PATIENCE)).as("end of " + thread).isTrue();
    }

    /** Otherwise a host would report a stopped server as stalled until the next start. */
    @Test
    void startsWithoutTheStallOfTheLastRun() throws Exception {
        server.start();
        faulty.selectors().getFirst().hold();
        Background.await().until(server::stalled);
        server.stop();
        assertThat(server.stalled()).isFalse();
        assertThat(stalls).containsExactly(true, false);
    }

    @Test
    void isNotFailedByTheDeathOfAnAbandonedLoop() throws Exception {
        Thread loop = startAndFind("echo-server-0");
        FaultyProvider.FaultySelector stuck = faulty.selectors().getFirst();
        stuck.hold();
        server.stop();
        assertThat(loop.isAlive()).as("abandoned loop is alive").isTrue();
        server.start();
        Peer peer = connect();

        stuck.breakDown(new IllegalStateException("broken for the test"));
        awaitEnd(loop);
        peer.echo(100);
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
        assertThat(server.failure()).isEmpty();
        assertThat(states)
                .containsExactly(
                        EchoServerState.RUNNING, EchoServerState.STOPPED, EchoServerState.RUNNING);
    }

    @Test
    void doesNotCountTheConnectionsOfAnAbandonedLoop() throws Exception {
        Thread loop = startAndFind("echo-server-0");
        for (int i = 0; i < 3; i++) {
            connect();
        }
        FaultyProvider.FaultySelector stuck = faulty.selectors().getFirst();
        stuck.hold();
        server.stop();
        assertThat(loop.isAlive()).as("abandoned loop is alive").isTrue();
        assertThat(server.statistics().active()).as("open when stopped").isZero();
        server.start();
        Peer peer = connect();
        assertThat(server.statistics().active()).isEqualTo(1);

        stuck.release();
        awaitEnd(loop);
        peer.echo(100);
        assertThat(server.statistics().active()).isEqualTo(1);
        assertThat(server.statistics().accepted()).isEqualTo(4);
        peer.close();
        await().until(() -> server.statistics().active() == 0);
        assertThat(server.statistics().closedTotal()).isEqualTo(4);
    }

    /** The watchdog detects a stuck loop but is blocked before it can report it. */
    @Test
    void isNotStalledByALateWatchdog() throws Exception {
        var beforeReport = new FaultyProvider.Gate();
        try (var _ =
                new CapturedLog(
                        event -> {
                            if (event.getThreadName().equals("echo-server-watchdog")
                                    && event.getLevel() == Level.ERROR) {
                                beforeReport.pass();
                            }
                        })) {
            Thread watchdog = startAndFind("echo-server-watchdog");
            FaultyProvider.FaultySelector stuck = faulty.selectors().getFirst();
            stuck.hold();
            beforeReport.awaitArrival();
            stuck.release();
            server.stop();
            server.start();
            beforeReport.open();
            awaitEnd(watchdog);
        } finally {
            beforeReport.open();
        }
        assertThat(server.stalled()).isFalse();
        assertThat(stalls).isEmpty();
        connect();
    }
}
