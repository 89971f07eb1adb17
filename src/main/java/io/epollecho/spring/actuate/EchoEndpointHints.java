package io.epollecho.spring.actuate;

import io.epollecho.server.DrainProgress;
import io.epollecho.server.TlsInfo;

import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.BindingReflectionHintsRegistrar;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;

/**
 * Hints for the types that the endpoint {@code echo} returns. Spring cannot derive them, because
 * the operations declare a common supertype.
 */
final class EchoEndpointHints implements RuntimeHintsRegistrar {

    @Override
    public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
        new BindingReflectionHintsRegistrar()
                .registerReflectionHints(
                        hints.reflection(),
                        EchoStatus.class,
                        EchoEndpoint.ConnectionList.class,
                        EchoEndpoint.Connection.class,
                        EchoEndpoint.History.class,
                        Refusal.class,
                        DrainProgress.class,
                        TlsInfo.class);
    }
}
