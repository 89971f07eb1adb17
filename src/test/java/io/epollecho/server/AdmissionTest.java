package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.SocketChannel;

class AdmissionTest {

    private static final InetAddress ONE = InetAddress.ofLiteral("192.0.2.1");
    private static final InetAddress OTHER = InetAddress.ofLiteral("192.0.2.2");

    @Test
    void letsInUpToTheLimit() {
        var admission = new Admission(2, 0);
        assertThat(admission.enter(null)).isNull();
        assertThat(admission.enter(null)).isNull();
        assertThat(admission.enter(null)).isEqualTo(RejectReason.LIMIT);
        assertThat(admission.enter(null)).isEqualTo(RejectReason.LIMIT);
        admission.leave(null);
        assertThat(admission.enter(null)).isNull();
        assertThat(admission.enter(null)).isEqualTo(RejectReason.LIMIT);
    }

    @Test
    void countsEachAddressForItself() {
        var admission = new Admission(10, 2);
        assertThat(admission.enter(ONE)).isNull();
        assertThat(admission.enter(ONE)).isNull();
        assertThat(admission.enter(ONE)).isEqualTo(RejectReason.ADDRESS_LIMIT);
        assertThat(admission.enter(OTHER)).isNull();
        admission.leave(ONE);
        assertThat(admission.enter(ONE)).isNull();
        assertThat(admission.enter(ONE)).isEqualTo(RejectReason.ADDRESS_LIMIT);
        admission.leave(ONE);
        admission.leave(ONE);
        assertThat(admission.enter(ONE)).isNull();
    }

    @Test
    void aRefusedConnectionTakesNoPlace() {
        var admission = new Admission(3, 1);
        assertThat(admission.enter(ONE)).isNull();
        for (int i = 0; i < 10; i++) {
            assertThat(admission.enter(ONE)).isEqualTo(RejectReason.ADDRESS_LIMIT);
        }
        assertThat(admission.enter(OTHER)).isNull();
        assertThat(admission.enter(InetAddress.ofLiteral("192.0.2.3"))).isNull();
        assertThat(admission.enter(InetAddress.ofLiteral("192.0.2.4")))
                .isEqualTo(RejectReason.LIMIT);
    }

    @Test
    void knowsWhichLimitItWas() {
        var admission = new Admission(10, 2);
        assertThat(admission.limit(RejectReason.LIMIT)).isEqualTo(10);
        assertThat(admission.limit(RejectReason.ADDRESS_LIMIT)).isEqualTo(2);
    }

    @Test
    void looksNoAddressUpWhereTheyDoNotCount() throws IOException {
        SocketChannel closed = SocketChannel.open();
        closed.close(); // has no address to be looked up
        assertThat(new Admission(1, 0).countedAddress(closed)).isNull();
    }
}
