package io.epollecho.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.server.DrainProgress;
import io.epollecho.server.TlsInfo;

import org.junit.jupiter.api.Test;
import org.springframework.aot.generate.ClassNameGenerator;
import org.springframework.aot.generate.DefaultGenerationContext;
import org.springframework.aot.generate.InMemoryGeneratedFiles;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.aot.ApplicationContextAotGenerator;
import org.springframework.javapoet.ClassName;
import org.springframework.mock.env.MockEnvironment;

import java.util.List;

/** Processes a host ahead of time, as the build of a native image does. */
class EchoEndpointHintsTest {

    @Test
    void areFoundForEachTypeOfTheEndpoint() {
        RuntimeHints hints = process();
        for (Class<?> type :
                List.of(
                        EchoStatus.class,
                        EchoStatus.Connections.class,
                        EchoStatus.Bytes.class,
                        EchoStatus.Listener.class,
                        EchoStatus.Limits.class,
                        EchoStatus.Loop.class,
                        EchoStatus.Peaks.class,
                        Rates.class,
                        EchoEndpoint.ConnectionList.class,
                        EchoEndpoint.Connection.class,
                        EchoEndpoint.History.class,
                        Refusal.class,
                        DrainProgress.class,
                        TlsInfo.class)) {
            assertThat(
                            RuntimeHintsPredicates.reflection()
                                    .onType(type)
                                    .withMemberCategory(
                                            MemberCategory.INVOKE_DECLARED_CONSTRUCTORS))
                    .as(type.getName())
                    .accepts(hints);
        }
    }

    private static RuntimeHints process() {
        var generation =
                new DefaultGenerationContext(
                        new ClassNameGenerator(ClassName.get("com.example", "Host")),
                        new InMemoryGeneratedFiles());
        try (var context = new AnnotationConfigApplicationContext()) {
            context.setEnvironment(
                    new MockEnvironment()
                            .withProperty("management.endpoints.web.exposure.include", "echo"));
            context.register(Host.class);
            new ApplicationContextAotGenerator().processAheadOfTime(context, generation);
        }
        return generation.getRuntimeHints();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Host {}
}
