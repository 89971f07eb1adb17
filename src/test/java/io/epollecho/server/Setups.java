package io.epollecho.server;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.provider.ArgumentsSource;
import org.junit.jupiter.params.support.AnnotationConsumer;
import org.junit.jupiter.params.support.ParameterDeclarations;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs the scenarios of a class on each {@link Setup} of this build to which they apply. Scenarios
 * and setups run beside each other, because most of their time is waiting.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedClass(name = "{0}")
@ArgumentsSource(Setups.Provider.class)
@Execution(ExecutionMode.CONCURRENT)
@interface Setups {

    /** The backends to which the scenarios do not apply. */
    Backend[] except() default {};

    /** The transports to which the scenarios apply; all if empty. */
    Transport[] transports() default {};

    /** Provides the setups of this build that an annotation selects. */
    final class Provider implements ArgumentsProvider, AnnotationConsumer<Setups> {

        @SuppressWarnings("NullAway.Init")
        private Setups annotation;

        @Override
        public void accept(Setups annotation) {
            this.annotation = annotation;
        }

        @Override
        public Stream<Arguments> provideArguments(
                ParameterDeclarations parameters, ExtensionContext context) {
            return Setup.Selection.current().setups(this::applies).stream().map(Arguments::of);
        }

        private boolean applies(Setup setup) {
            return !List.of(annotation.except()).contains(setup.backend())
                    && (annotation.transports().length == 0
                            || List.of(annotation.transports()).contains(setup.transport()));
        }
    }
}
