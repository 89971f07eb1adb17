package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Locale;

class CloseReasonTest {

    /** For example, {@code pending-limit}. */
    @ParameterizedTest
    @EnumSource
    void isLabelledByItsName(CloseReason reason) {
        assertThat(reason.label())
                .isEqualTo(reason.name().toLowerCase(Locale.ROOT).replace('_', '-'));
    }
}
