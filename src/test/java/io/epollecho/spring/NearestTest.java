package io.epollecho.spring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;

class NearestTest {

    @ParameterizedTest
    @CsvSource({
        "port, port, 0",
        "prot, port, 1",
        "por, port, 1",
        "portt, port, 1",
        "pert, port, 1",
        "'', port, 4",
        "port, '', 4",
        "backlog, blacklog, 1",
        "abc, cab, 2",
    })
    void countsTypingErrors(String typed, String meant, int errors) {
        assertThat(Nearest.distance(typed, meant)).isEqualTo(errors);
    }

    @Test
    void returnsTheMostSimilarNameUnlessAllDifferTooMuch() {
        List<String> names = List.of("backlog", "port", "selector");
        assertThat(Nearest.to("selecter", names)).hasValue("selector");
        assertThat(Nearest.to("prot", names)).hasValue("port");
        assertThat(Nearest.to("timeout", names)).isEmpty();
        assertThat(Nearest.to("", List.of())).isEmpty();
    }
}
