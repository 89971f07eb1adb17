package io.epollecho.spring;

import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * A condition that matches unless {@code echo.server.enabled} is false. Spring Boot's own condition
 * treats a value that is neither true nor false as false, and the server would be silently missing.
 */
final class OnEchoServerEnabled extends SpringBootCondition {

    private static final String PROPERTY =
            EchoServerProperties.PREFIX + "." + EchoServerPropertyNames.ENABLED.key();

    @Override
    public ConditionOutcome getMatchOutcome(
            ConditionContext context, AnnotatedTypeMetadata metadata) {
        boolean enabled =
                Binder.get(context.getEnvironment())
                        .bind(
                                PROPERTY,
                                Bindable.of(Boolean.class),
                                new SettingBindHandler(
                                        BindHandler.DEFAULT, context.getEnvironment()))
                        .orElseGet(EchoServerPropertyNames.ENABLED::defaultValue);
        return new ConditionOutcome(enabled, ConditionMessage.of(PROPERTY + " is " + enabled));
    }
}
