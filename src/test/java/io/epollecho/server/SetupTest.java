package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.server.Setup.Selection;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

class SetupTest {

    private static final List<Setup> FULL = Selection.FULL.setups(_ -> true);

    @Test
    void fullIsTheProduct() {
        assertThat(values(FULL, Setup::backend)).containsExactlyInAnyOrder(Backend.values());
        assertThat(FULL)
                .doesNotHaveDuplicates()
                .hasSize(
                        values(FULL, Setup::backend).size()
                                * values(FULL, Setup::loops).size()
                                * values(FULL, Setup::transport).size());
    }

    @Test
    void pairsHaveEachPairOfTheProduct() {
        List<Setup> pairs = Selection.PAIRS.setups(_ -> true);
        assertThat(FULL).containsAll(pairs);
        for (Function<Setup, Object> pair :
                List.<Function<Setup, Object>>of(
                        setup -> List.of(setup.backend(), setup.loops()),
                        setup -> List.of(setup.backend(), setup.transport()),
                        setup -> List.of(setup.transport(), setup.loops()))) {
            assertThat(values(pairs, pair)).isEqualTo(values(FULL, pair));
        }
    }

    /** Otherwise a defect that the fast build finds could pass the others. */
    @Test
    void eachSelectionContainsTheSmallerOnes() {
        assertThat(Selection.FAST.setups(_ -> true)).containsExactly(Setup.MAIN);
        assertThat(Selection.PAIRS.setups(_ -> true)).contains(Setup.MAIN);
    }

    @Test
    void fastRunsATestThatDoesNotApplyToTheMainTransport() {
        assertThat(Selection.FAST.setups(setup -> setup.transport() == Transport.TLS))
                .containsExactly(new Setup(Backend.EPOLL_EDGE, 1, Transport.TLS));
    }

    private static <T> Set<T> values(List<Setup> setups, Function<Setup, T> property) {
        return setups.stream().map(property).collect(Collectors.toSet());
    }
}
