package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostAndPortTest {

    @ParameterizedTest
    @CsvSource({
        "localhost:7, localhost, 7",
        "echo.example:65535, echo.example, 65535",
        "192.0.2.1:7790, 192.0.2.1, 7790",
        "[::1]:7, ::1, 7",
        "[2001:db8::1]:7, 2001:db8::1, 7",
        "[fe80::1%eth0]:7, fe80::1%eth0, 7",
        "[::ffff:192.0.2.1]:7, ::ffff:192.0.2.1, 7",
    })
    void parsesNamesAndAddresses(String text, String host, int port) {
        assertThat(HostAndPort.of(text)).isEqualTo(new HostAndPort(host, port));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "host",
                ":7",
                "host:",
                "host:0",
                "host:65536",
                "host:7:7",
                "::1:7",
                "[::1]",
                "[host]:7",
                "host:x",
                "a b:7",
                "host:-1"
            })
    void rejectsInvalidText(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> HostAndPort.of(text));
    }
}
