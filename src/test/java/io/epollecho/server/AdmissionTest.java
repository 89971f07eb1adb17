package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;

class AdmissionTest {

    private static final AddressPrefix ONE = address("192.0.2.1");
    private static final AddressPrefix OTHER = address("192.0.2.2");

    private static AddressPrefix address(String literal) {
        return AddressPrefix.of(InetAddress.ofLiteral(literal), 64);
    }

    private static Admission admission(int max, int maxPerAddress) {
        return new Admission(
                max, new ConnectionLimits(1000, maxPerAddress, 64, Duration.ZERO, Duration.ZERO));
    }

    private static Admission.Ticket admit(Admission admission, @Nullable AddressPrefix address) {
        assertThat(admission.refusal(address)).isNull();
        return admission.admit(address);
    }

    @Test
    void admitsUpToTheLimit() {
        Admission admission = admission(2, 0);
        Admission.Ticket ticket = admit(admission, null);
        admit(admission, null);
        assertThat(admission.refusal(null)).isEqualTo(RejectReason.LIMIT);
        ticket.close();
        admit(admission, null);
        assertThat(admission.refusal(null)).isEqualTo(RejectReason.LIMIT);
    }

    @Test
    void countsEachAddressByItself() {
        Admission admission = admission(10, 2);
        Admission.Ticket first = admit(admission, ONE);
        Admission.Ticket second = admit(admission, ONE);
        assertThat(admission.refusal(ONE)).isEqualTo(RejectReason.ADDRESS_LIMIT);
        admit(admission, OTHER);
        first.close();
        Admission.Ticket third = admit(admission, ONE);
        assertThat(admission.refusal(ONE)).isEqualTo(RejectReason.ADDRESS_LIMIT);
        second.close();
        third.close();
        admit(admission, ONE);
    }

    @Test
    void aTicketClosedTwiceFreesOnePlace() {
        Admission admission = admission(2, 2);
        Admission.Ticket ticket = admit(admission, ONE);
        admit(admission, ONE);
        ticket.close();
        ticket.close();
        admit(admission, ONE);
        assertThat(admission.refusal(OTHER)).isEqualTo(RejectReason.LIMIT);
    }

    @Test
    void aRefusedConnectionTakesNoPlace() {
        Admission admission = admission(3, 1);
        admit(admission, ONE);
        for (int i = 0; i < 10; i++) {
            assertThat(admission.refusal(ONE)).isEqualTo(RejectReason.ADDRESS_LIMIT);
        }
        admit(admission, OTHER);
        admit(admission, address("192.0.2.3"));
        assertThat(admission.refusal(address("192.0.2.4"))).isEqualTo(RejectReason.LIMIT);
    }

    @Test
    void knowsWhichLimitItWas() {
        Admission admission = admission(10, 2);
        assertThat(admission.limit(RejectReason.LIMIT)).isEqualTo(10);
        assertThat(admission.limit(RejectReason.ADDRESS_LIMIT)).isEqualTo(2);
    }

    @Test
    void looksUpNoAddressWhereAddressesDoNotCount() throws IOException {
        SocketChannel closed = SocketChannel.open();
        closed.close(); // has no address to be looked up
        assertThat(admission(1, 0).countedAddress(closed)).isNull();
    }
}
