package io.epollecho.epoll;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;

/** The mapping of error numbers to exceptions. */
class ErrnoTest {

    @ParameterizedTest
    @CsvSource({
        "13, java.net.BindException, Permission denied",
        "24, java.net.SocketException, Too many open files",
        "71, java.net.ProtocolException, Protocol error",
        "98, java.net.BindException, Address already in use",
        "99, java.net.BindException, Cannot assign requested address",
        "101, java.net.SocketException, Network is unreachable",
        "104, java.net.SocketException, Connection reset by peer",
        "107, java.net.ConnectException, Transport endpoint is not connected",
        "110, java.net.ConnectException, Connection timed out",
        "111, java.net.ConnectException, Connection refused",
        "113, java.net.NoRouteToHostException, No route to host"
    })
    void settingUpASocketFailsLikeTheJdk(int errno, Class<?> type, String message) {
        assertThat(Errno.socketFailure(errno)).isExactlyInstanceOf(type).hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource({"24, Too many open files", "32, Broken pipe", "104, Connection reset by peer"})
    void inputAndOutputFailLikeTheJdk(int errno, String message) {
        assertThat(Errno.ioFailure(errno))
                .isExactlyInstanceOf(IOException.class)
                .hasMessage(message);
    }

    @Test
    void aResetFailsLikeTheJdk() {
        assertThat(Errno.connectionReset()).hasMessage("Connection reset");
    }

    @ParameterizedTest
    @CsvSource({
        "103, true",
        "71, true",
        "113, true",
        "11, false",
        "24, false",
        "23, false",
        "12, false",
        "9, false"
    })
    void acceptIsRetriedOnlyAfterErrorsOfOneConnection(int errno, boolean goesOn) {
        assertThat(Errno.concernsOneConnection(errno)).isEqualTo(goesOn);
    }
}
