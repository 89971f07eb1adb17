package io.epollecho.epoll;

import static io.epollecho.epoll.Loopback.LONG;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import static java.nio.channels.SelectionKey.OP_ACCEPT;
import static java.nio.channels.SelectionKey.OP_CONNECT;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;

import io.epollecho.Stopwatch;
import io.epollecho.epoll.Loopback.Connection;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.IllegalSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** The contracts of {@link Selector} and {@link SelectionKey}, tested on every provider. */
@ParameterizedClass
@EnumSource(ProviderUnderTest.class)
@Timeout(60)
class SelectorContractTest {

    private final ProviderUnderTest underTest;

    private Loopback loopback;
    private Selector selector;

    SelectorContractTest(ProviderUnderTest underTest) {
        this.underTest = underTest;
    }

    @BeforeEach
    void open() throws IOException {
        loopback = new Loopback(underTest.provider());
        selector = loopback.selector;
    }

    @AfterEach
    void close() throws Exception {
        loopback.close();
    }

    // -- Forms of selection --

    @Test
    void selectNowReturnsZeroWhenNothingIsReady() throws IOException {
        loopback.listener.register(selector, OP_ACCEPT);

        assertThat(selector.selectNow()).isZero();
        assertThat(selector.selectNow(key -> {})).isZero();
        assertThat(selector.selectedKeys()).isEmpty();
    }

    @Test
    void selectReturnsWhenAConnectionArrives() throws Exception {
        SelectionKey key = loopback.listener.register(selector, OP_ACCEPT);
        Task<Integer> selecting = Task.start(() -> selector.select());
        selecting.awaitBlocked();

        loopback.connectPeerOnly();

        assertThat(selecting.result()).isOne();
        assertThat(selector.selectedKeys()).containsExactly(key);
        assertThat(key.readyOps()).isEqualTo(OP_ACCEPT);
        assertThat(key.isAcceptable()).isTrue();
    }

    @Test
    void everyConsumerVariantPassesTheReadyKeyAndKeepsTheSelectedSet() throws IOException {
        List<SelectionKey> seen = new ArrayList<>();
        for (int form = 0; form < 3; form++) {
            Connection connection = loopback.connect();
            SelectionKey key = connection.channel().register(selector, OP_READ);
            connection.send("x");
            seen.clear();
            int count =
                    switch (form) {
                        case 0 -> selector.select(seen::add);
                        case 1 -> selector.select(seen::add, LONG);
                        default -> {
                            loopback.awaitReady(connection.channel(), OP_READ);
                            yield selector.selectNow(seen::add);
                        }
                    };
            assertThat(count).isOne();
            assertThat(seen).containsExactly(key);
            assertThat(key.readyOps()).isEqualTo(OP_READ);
            assertThat(selector.selectedKeys()).isEmpty();
            connection.channel().close();
        }
    }

    @Test
    void aTimeoutIsNeverCutShort() throws IOException {
        for (int millis = 1; millis <= 20; millis++) {
            var watch = Stopwatch.start();
            assertThat(selector.select(millis)).isZero();
            assertThat(watch.elapsed()).isGreaterThanOrEqualTo(Duration.ofMillis(millis));
        }
    }

    @Test
    void theLongestTimeoutDoesNotOverflow() throws Exception {
        Task<Integer> selecting = Task.start(() -> selector.select(Long.MAX_VALUE));
        selecting.awaitBlocked();
        selector.wakeup();
        assertThat(selecting.result()).isZero();
    }

    @Test
    void argumentsAreChecked() {
        assertThatIllegalArgumentException().isThrownBy(() -> selector.select(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> selector.select(key -> {}, -1));
        assertThatNullPointerException().isThrownBy(() -> selector.select(null));
        assertThatNullPointerException().isThrownBy(() -> selector.selectNow(null));
        assertThatNullPointerException().isThrownBy(() -> selector.select(null, 1));
    }

    @Test
    void allReadyChannelsAreReportedEvenIfTheyExceedOneWait() throws IOException {
        int count = 1100;
        Set<SelectionKey> expected = new HashSet<>();
        for (int i = 0; i < count; i++) {
            expected.add(loopback.connect().channel().register(selector, OP_WRITE));
        }
        Set<SelectionKey> seen = new HashSet<>();
        while (seen.size() < count) {
            int before = seen.size();
            selector.select(
                    key -> {
                        seen.add(key);
                        key.interestOps(0);
                    });
            assertThat(seen.size()).isGreaterThan(before);
        }
        assertThat(seen).isEqualTo(expected);
        assertThat(selector.keys()).isEqualTo(expected).hasSize(count);
    }

    // -- The selected-key set --

    @Test
    void readyOperationsAreMergedIntoAKeyThatStaysSelected() throws IOException {
        Connection connection = loopback.connect();
        SelectionKey key = connection.channel().register(selector, OP_READ | OP_WRITE);
        assertThat(selector.select(LONG)).isOne();
        assertThat(key.readyOps()).isEqualTo(OP_WRITE);

        connection.send("x");
        loopback.awaitReady(connection.channel(), OP_READ);

        assertThat(selector.select(LONG)).isOne();
        assertThat(key.readyOps()).isEqualTo(OP_READ | OP_WRITE);
        assertThat(selector.selectedKeys()).containsExactly(key);
    }

    @Test
    void readyOperationsAreReplacedForAKeyThatWasRemoved() throws IOException {
        Connection connection = loopback.connect();
        SelectionKey key = connection.channel().register(selector, OP_WRITE);
        selector.select(LONG);
        assertThat(selector.selectedKeys().remove(key)).isTrue();

        key.interestOps(OP_READ);
        connection.send("x");

        assertThat(selector.select(LONG)).isOne();
        assertThat(key.readyOps()).isEqualTo(OP_READ);
    }

    @Test
    void aSelectedKeyWhoseReadinessDoesNotChangeIsNotCounted() throws IOException {
        Connection connection = loopback.connect();
        SelectionKey key = connection.channel().register(selector, OP_WRITE);
        assertThat(selector.select(LONG)).isOne();

        key.interestOps(OP_WRITE);

        assertThat(selector.selectNow()).isZero();
    }

    @Test
    void selectedKeysMayBeRemovedAndNotAdded() throws IOException {
        Connection connection = loopback.connect();
        SelectionKey key = connection.channel().register(selector, OP_WRITE);
        selector.select(LONG);
        Set<SelectionKey> selected = selector.selectedKeys();

        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> selected.add(key));
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> selected.addAll(Set.of(key)));
        var iterator = selected.iterator();
        assertThat(iterator.next()).isSameAs(key);
        iterator.remove();
        assertThat(selected).isEmpty();
        assertThat(selector.selectedKeys()).isSameAs(selected);
    }

    // -- The key set --

    @Test
    void theKeySetIsALiveViewThatCannotBeModified() throws IOException {
        Set<SelectionKey> keys = selector.keys();
        assertThat(keys).isEmpty();
        SelectionKey key = loopback.listener.register(selector, OP_ACCEPT);
        assertThat(keys).containsExactly(key).contains(key).hasSize(1);

        assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(keys::clear);
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> keys.remove(key));
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> keys.add(key));
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(
                        () -> {
                            var iterator = keys.iterator();
                            iterator.next();
                            iterator.remove();
                        });
        assertThat(keys).containsExactly(key);
    }

    @Test
    void theKeySetMayBeReadWhileChannelsComeAndGo() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        Task<Void> reader =
                Task.start(
                        () -> {
                            while (!done.get()) {
                                for (SelectionKey key : selector.keys()) {
                                    assertThat(key).isNotNull();
                                }
                            }
                            return null;
                        });
        for (int i = 0; i < 500; i++) {
            SocketChannel channel = loopback.open();
            channel.register(selector, 0);
            channel.close();
            selector.selectNow();
        }
        done.set(true);
        reader.result();
        assertThat(selector.keys()).isEmpty();
    }

    // -- Registration --

    @Test
    void aKeyKnowsItsChannelSelectorInterestAndAttachment() throws IOException {
        Object attachment = new Object();
        SelectionKey key = loopback.listener.register(selector, OP_ACCEPT, attachment);

        assertThat(key.channel()).isSameAs(loopback.listener);
        assertThat(key.selector()).isSameAs(selector);
        assertThat(key.interestOps()).isEqualTo(OP_ACCEPT);
        assertThat(key.attachment()).isSameAs(attachment);
        assertThat(key.isValid()).isTrue();
        assertThat(loopback.listener.keyFor(selector)).isSameAs(key);
        assertThat(loopback.listener.isRegistered()).isTrue();
    }

    @Test
    void registeringAgainChangesInterestAndAttachmentOfTheSameKey() throws IOException {
        Connection connection = loopback.connect();
        SelectionKey key = connection.channel().register(selector, 0, "one");
        assertThat(selector.selectNow()).isZero();

        assertThat(connection.channel().register(selector, OP_WRITE, "two")).isSameAs(key);

        assertThat(key.interestOps()).isEqualTo(OP_WRITE);
        assertThat(key.attachment()).isEqualTo("two");
        assertThat(selector.select(LONG)).isOne();
    }

    @Test
    void invalidRegistrationsAreRefused() throws IOException {
        SocketChannel blocking = loopback.closing(loopback.provider.openSocketChannel());
        assertThatExceptionOfType(IllegalBlockingModeException.class)
                .isThrownBy(() -> blocking.register(selector, OP_READ));

        SocketChannel channel = loopback.open();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> channel.register(selector, OP_ACCEPT));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> loopback.listener.register(selector, OP_READ));

        channel.close();
        assertThatExceptionOfType(ClosedChannelException.class)
                .isThrownBy(() -> channel.register(selector, OP_READ));
    }

    @Test
    void aChannelOfAnotherProviderIsRefused() throws Exception {
        ProviderUnderTest other =
                (underTest == ProviderUnderTest.JDK)
                        ? ProviderUnderTest.EPOLL_LEVEL
                        : ProviderUnderTest.JDK;
        try (SocketChannel channel = other.provider().openSocketChannel()) {
            channel.configureBlocking(false);
            assertThatExceptionOfType(IllegalSelectorException.class)
                    .isThrownBy(() -> channel.register(selector, OP_READ));
        }
    }

    @Test
    void aChannelMayBeRegisteredWithSeveralSelectors() throws IOException {
        Connection connection = loopback.connect();
        SelectionKey first = connection.channel().register(selector, OP_READ);
        Selector another = loopback.closing(loopback.provider.openSelector());
        SelectionKey second = connection.channel().register(another, OP_READ);

        connection.send("x");

        assertThat(selector.select(LONG)).isOne();
        assertThat(another.select(LONG)).isOne();
        first.cancel();
        selector.selectNow();
        assertThat(second.isValid()).isTrue();
        assertThat(connection.channel().isRegistered()).isTrue();
    }

    @Test
    void anotherThreadMayRegisterDuringASelection() throws Exception {
        Connection connection = loopback.connect();
        connection.send("x");
        Task<Integer> selecting = Task.start(() -> selector.select());
        selecting.awaitBlocked();

        SelectionKey key = connection.channel().register(selector, OP_READ);
        selector.wakeup();

        selecting.result();
        assertThat(selector.select(LONG) + selector.selectedKeys().size()).isPositive();
        assertThat(selector.selectedKeys()).containsExactly(key);
    }

    // -- Interest --

    @Test
    void interestIsCheckedAndTakesEffectAtTheNextSelection() throws IOException {
        Connection connection = loopback.connect();
        SelectionKey key = connection.channel().register(selector, OP_READ);
        assertThatIllegalArgumentException().isThrownBy(() -> key.interestOps(OP_ACCEPT));
        assertThatIllegalArgumentException().isThrownBy(() -> key.interestOpsOr(OP_ACCEPT));
        assertThat(selector.selectNow()).isZero();

        assertThat(key.interestOpsOr(OP_WRITE)).isEqualTo(OP_READ);
        assertThat(key.interestOps()).isEqualTo(OP_READ | OP_WRITE);
        assertThat(selector.select(LONG)).isOne();
        assertThat(key.isWritable()).isTrue();
        selector.selectedKeys().clear();

        assertThat(key.interestOpsAnd(~OP_WRITE)).isEqualTo(OP_READ | OP_WRITE);
        assertThat(key.interestOps()).isEqualTo(OP_READ);
        assertThat(selector.selectNow()).isZero();
    }

    @Test
    void aKeyWithoutInterestReportsNothingNotEvenAReset() throws IOException {
        Connection connection = loopback.connect();
        SelectionKey key = connection.channel().register(selector, OP_READ);
        selector.selectNow();
        key.interestOps(0);
        selector.selectNow();
        connection.send("x");
        connection.reset();
        loopback.awaitReady(connection.channel(), OP_READ);

        assertThat(selector.selectNow()).isZero();
        assertThat(selector.select(20)).isZero();

        key.interestOps(OP_READ);
        assertThat(selector.select(LONG)).isOne();
        assertThat(key.isReadable()).isTrue();
    }

    // -- Wakeup and interrupt --

    @Test
    void aWakeupEndsTheCurrentSelection() throws Exception {
        Task<Integer> selecting = Task.start(() -> selector.select());
        selecting.awaitBlocked();
        assertThat(selector.wakeup()).isSameAs(selector);
        assertThat(selecting.result()).isZero();
    }

    @Test
    void anEarlyWakeupEndsOnlyTheNextSelection() throws IOException {
        selector.wakeup();
        selector.wakeup();
        assertThat(selector.select()).isZero();

        var watch = Stopwatch.start();
        assertThat(selector.select(20)).isZero();
        assertThat(watch.elapsed()).isGreaterThanOrEqualTo(Duration.ofMillis(20));
    }

    @Test
    void selectNowConsumesAWakeup() throws IOException {
        selector.wakeup();
        selector.selectNow();
        var watch = Stopwatch.start();
        selector.select(20);
        assertThat(watch.elapsed()).isGreaterThanOrEqualTo(Duration.ofMillis(20));
    }

    @Test
    void noWakeupOfManyIsLost() throws Exception {
        int rounds = 5000;
        AtomicBoolean work = new AtomicBoolean();
        Task<Integer> selecting =
                Task.start(
                        () -> {
                            int done = 0;
                            while (done < rounds) {
                                if (work.getAndSet(false)) {
                                    done++;
                                } else {
                                    selector.select();
                                }
                            }
                            return done;
                        });
        for (int i = 0; i < rounds; i++) {
            while (!work.compareAndSet(false, true)) {
                Thread.onSpinWait();
            }
            selector.wakeup();
        }
        assertThat(selecting.result()).isEqualTo(rounds);
    }

    @Test
    void anInterruptEndsTheSelectionAndStaysSet() throws Exception {
        Task<Boolean> selecting =
                Task.start(
                        () -> {
                            selector.select();
                            return Thread.currentThread().isInterrupted();
                        });
        selecting.awaitBlocked();
        selecting.thread.interrupt();
        assertThat(selecting.result()).isTrue();
        assertThat(selector.isOpen()).isTrue();
    }

    @Test
    void anEarlyInterruptEndsTheNextSelectionImmediately() throws Exception {
        Task<Boolean> selecting =
                Task.start(
                        () -> {
                            Thread.currentThread().interrupt();
                            selector.select();
                            return Thread.currentThread().isInterrupted();
                        });
        assertThat(selecting.result()).isTrue();
    }

    @Test
    void aVirtualThreadMaySelect() throws Exception {
        CompletableFuture<Integer> selected = new CompletableFuture<>();
        Thread thread =
                Thread.startVirtualThread(
                        () -> {
                            try {
                                selected.complete(selector.select());
                            } catch (Throwable t) {
                                selected.completeExceptionally(t);
                            }
                        });
        selector.wakeup();
        assertThat(selected.get(LONG, TimeUnit.MILLISECONDS)).isZero();
        thread.join();
    }

    // -- Cancelling and closing --

    @Test
    void aCancelledKeyIsInvalidImmediatelyAndRemovedByTheNextSelection() throws IOException {
        Connection connection = loopback.connect();
        SelectionKey key = connection.channel().register(selector, OP_WRITE);
        selector.select(LONG);
        key.cancel();
        key.cancel();

        assertThat(key.isValid()).isFalse();
        assertThat(selector.keys()).contains(key);
        assertThatExceptionOfType(CancelledKeyException.class).isThrownBy(key::interestOps);
        assertThatExceptionOfType(CancelledKeyException.class).isThrownBy(() -> key.interestOps(0));
        assertThatExceptionOfType(CancelledKeyException.class)
                .isThrownBy(() -> key.interestOpsOr(0));
        assertThatExceptionOfType(CancelledKeyException.class)
                .isThrownBy(() -> key.interestOpsAnd(0));
        assertThatExceptionOfType(CancelledKeyException.class).isThrownBy(key::readyOps);
        assertThatExceptionOfType(CancelledKeyException.class)
                .isThrownBy(() -> connection.channel().register(selector, OP_READ));

        assertThat(selector.selectNow()).isZero();

        assertThat(selector.keys()).isEmpty();
        assertThat(selector.selectedKeys()).isEmpty();
        assertThat(connection.channel().isRegistered()).isFalse();
        assertThat(connection.channel().keyFor(selector)).isNull();
        assertThat(connection.channel().register(selector, OP_WRITE).isValid()).isTrue();
        assertThat(selector.select(LONG)).isOne();
    }

    @Test
    void aKeyCancelledDuringASelectionIsRemovedWhenItReturns() throws Exception {
        Connection connection = loopback.connect();
        SelectionKey key = connection.channel().register(selector, OP_READ);
        Task<Integer> selecting = Task.start(() -> selector.select());
        selecting.awaitBlocked();
        key.cancel();
        selector.wakeup();
        assertThat(selecting.result()).isZero();
        assertThat(selector.keys()).isEmpty();
    }

    @Test
    void closingAChannelCancelsItsKey() throws IOException {
        Connection connection = loopback.connect();
        SelectionKey key = connection.channel().register(selector, OP_WRITE);
        selector.select(LONG);

        connection.channel().close();

        assertThat(key.isValid()).isFalse();
        assertThat(selector.selectNow()).isZero();
        assertThat(selector.keys()).isEmpty();
        assertThat(selector.selectedKeys()).isEmpty();
    }

    @Test
    void aClosedSelectorRefusesEverythingButWakeupAndClose() throws Exception {
        Connection connection = loopback.connect();
        SelectionKey key = connection.channel().register(selector, OP_READ);
        selector.close();
        selector.close();

        assertThat(selector.isOpen()).isFalse();
        assertThat(selector.wakeup()).isSameAs(selector);
        assertThat(key.isValid()).isFalse();
        assertThat(connection.channel().isRegistered()).isFalse();
        assertThat(connection.channel().isOpen()).isTrue();
        for (Callable<?> use :
                List.<Callable<?>>of(
                        () -> selector.select(),
                        () -> selector.select(1),
                        () -> selector.selectNow(),
                        () -> selector.select(k -> {}),
                        () -> selector.keys(),
                        () -> selector.selectedKeys(),
                        () -> connection.channel().register(selector, OP_READ))) {
            assertThatExceptionOfType(ClosedSelectorException.class).isThrownBy(use::call);
        }
    }

    @Test
    void closingTheSelectorEndsASelectionInAnotherThread() throws Exception {
        loopback.listener.register(selector, OP_ACCEPT);
        Task<Integer> selecting = Task.start(() -> selector.select());
        selecting.awaitBlocked();
        selector.close();
        assertThat(selecting.thread.join(java.time.Duration.ofSeconds(10))).isTrue();
        assertThat(loopback.listener.isRegistered()).isFalse();
    }

    @Test
    void anActionMayCloseTheSelector() throws IOException {
        loopback.connect().channel().register(selector, OP_WRITE);
        assertThatExceptionOfType(ClosedSelectorException.class)
                .isThrownBy(
                        () ->
                                selector.select(
                                        key -> {
                                            try {
                                                selector.close();
                                            } catch (IOException e) {
                                                throw new AssertionError(e);
                                            }
                                        }));
    }

    @Test
    void anActionMayNotSelect() throws IOException {
        loopback.connect().channel().register(selector, OP_WRITE);
        assertThatIllegalStateException()
                .isThrownBy(
                        () ->
                                selector.select(
                                        key -> {
                                            try {
                                                selector.selectNow();
                                            } catch (IOException e) {
                                                throw new AssertionError(e);
                                            }
                                        }));
        assertThat(selector.selectNow()).isOne();
    }

    @Test
    void anExceptionOfAnActionIsPassedOnAndNoOtherKeyIsLost() throws IOException {
        Set<SelectionKey> waiting = new HashSet<>();
        for (int i = 0; i < 5; i++) {
            Connection connection = loopback.connect();
            waiting.add(connection.channel().register(selector, OP_READ));
            connection.send("x");
            loopback.awaitReady(connection.channel(), OP_READ);
        }
        while (!waiting.isEmpty()) {
            assertThatExceptionOfType(ArithmeticException.class)
                    .isThrownBy(
                            () ->
                                    selector.select(
                                            key -> {
                                                waiting.remove(key);
                                                drain(key);
                                                throw new ArithmeticException();
                                            },
                                            100));
        }
    }

    private static void drain(SelectionKey key) {
        try {
            while (((SocketChannel) key.channel()).read(ByteBuffer.allocate(16)) > 0) {
                // read until nothing is left
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aPendingConnectionIsReportedOnceEstablished() throws IOException {
        SocketChannel channel = loopback.open();
        if (channel.connect(loopback.address())) {
            return; // connected immediately: nothing to wait for
        }
        SelectionKey key = channel.register(selector, OP_CONNECT);
        assertThat(selector.select(LONG)).isOne();
        assertThat(key.isConnectable()).isTrue();
        assertThat(channel.finishConnect()).isTrue();
    }

    @Test
    void bytesThatArriveBeforeFinishConnectAreReportedAfterIt() throws IOException {
        SocketChannel channel = loopback.open();
        channel.register(selector, OP_CONNECT | OP_READ);
        boolean connected = channel.connect(loopback.address());
        loopback.accept().write(Loopback.bytes("x"));
        if (!connected) {
            assertThat(selector.select(LONG)).isOne();
            selector.selectedKeys().clear();
            assertThat(channel.finishConnect()).isTrue();
        }
        SelectionKey key = channel.keyFor(selector);
        assertThat(key.interestOpsAnd(OP_READ)).isEqualTo(OP_CONNECT | OP_READ);
        assertThat(selector.select(LONG)).isOne();
        assertThat(key.isReadable()).isTrue();
    }
}
