package io.epollecho.spring;

import io.epollecho.server.InvalidSettingException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

import java.util.Locale;

/**
 * Failure analyzer for an invalid value set by code of the application. Values of properties are
 * checked when they are bound.
 */
final class InvalidSettingFailureAnalyzer extends AbstractFailureAnalyzer<InvalidSettingException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, InvalidSettingException cause) {
        return new FailureAnalysis(
                String.format(
                        Locale.ROOT,
                        "The application's code sets %s of the echo server to %s: %s.",
                        cause.key(),
                        cause.value(),
                        cause.requirement()),
                "Correct the EchoServerConfigCustomizer, or the code that builds the"
                        + " EchoServerConfig.",
                cause);
    }
}
