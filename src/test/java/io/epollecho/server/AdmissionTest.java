package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

class AdmissionTest {

    private static final InetAddress ONE = InetAddress.ofLiteral("192.0.2.1");
    private static final InetAddress OTHER = InetAddress.ofLiteral("192.0.2.2");

    private static Admission admission(int max, int maxPerAddress) {
        return new Admission(
                max, new ConnectionLimits(1000, maxPerAddress, 64, Duration.ZERO, Duration.ZERO));
    }

    private static Admission.Ticket admit(Admission admission, InetAddress address) {
        Admission.Ticket ticket = Objects.requireNonNull(admission.admit());
        assertThat(ticket.countFor(address)).isTrue();
        return ticket;
    }

    private static void expectFull(Admission admission, InetAddress address) {
        Admission.Ticket ticket = Objects.requireNonNull(admission.admit());
        assertThat(ticket.countFor(address)).isFalse();
        ticket.close();
    }

    @Test
    void admitsUpToTheLimit() {
        Admission admission = admission(2, 0);
        Admission.Ticket ticket = admit(admission, ONE);
        admit(admission, ONE);
        assertThat(admission.admit()).isNull();
        ticket.close();
        admit(admission, ONE);
        assertThat(admission.admit()).isNull();
    }

    @Test
    void countsEachAddressSeparately() {
        Admission admission = admission(10, 2);
        Admission.Ticket first = admit(admission, ONE);
        Admission.Ticket second = admit(admission, ONE);
        expectFull(admission, ONE);
        admit(admission, OTHER);
        first.close();
        Admission.Ticket third = admit(admission, ONE);
        expectFull(admission, ONE);
        second.close();
        third.close();
        admit(admission, ONE);
    }

    @Test
    void countsAddressesOfOneNetworkTogether() {
        Admission admission = admission(10, 1);
        admit(admission, InetAddress.ofLiteral("2001:db8::1"));
        expectFull(admission, InetAddress.ofLiteral("2001:db8::2"));
        admit(admission, InetAddress.ofLiteral("2001:db8:0:1::1"));
    }

    @Test
    void ticketClosedTwiceFreesOnePlace() {
        Admission admission = admission(2, 2);
        Admission.Ticket ticket = admit(admission, ONE);
        admit(admission, ONE);
        ticket.close();
        ticket.close();
        admit(admission, ONE);
        assertThat(admission.admit()).isNull();
    }

    @Test
    void refusedConnectionTakesNoPlace() {
        Admission admission = admission(3, 1);
        admit(admission, ONE);
        for (int i = 0; i < 10; i++) {
            expectFull(admission, ONE);
        }
        admit(admission, OTHER);
        admit(admission, InetAddress.ofLiteral("192.0.2.3"));
        assertThat(admission.admit()).isNull();
    }

    @Test
    void concurrentThreadsNeverExceedTheLimitOfAnAddress() throws Exception {
        Admission admission = admission(100_000, 10);
        var counted = new AtomicInteger();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 4; i++) {
            List<Admission.Ticket> tickets = Stream.generate(admission::admit).limit(1000).toList();
            threads.add(
                    Thread.ofPlatform()
                            .start(
                                    () ->
                                            tickets.forEach(
                                                    ticket -> {
                                                        if (ticket.countFor(ONE)) {
                                                            counted.incrementAndGet();
                                                        }
                                                    })));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(counted).hasValue(10);
    }

    @Test
    void returnsTheLimitForEachReason() {
        Admission admission = admission(10, 2);
        assertThat(admission.limit(RejectReason.LIMIT)).isEqualTo(10);
        assertThat(admission.limit(RejectReason.ADDRESS_LIMIT)).isEqualTo(2);
    }

    @Test
    void countsNoAddressesWithoutAnAddressLimit() {
        assertThat(admission(1, 0).countsAddresses()).isFalse();
        assertThat(admission(1, 1).countsAddresses()).isTrue();
    }
}
