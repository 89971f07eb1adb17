package io.epollecho.spring;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Failure analyzer for an environment variable that does not match any property. */
final class UnknownVariableFailureAnalyzer
        extends AbstractFailureAnalyzer<UnknownVariableException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, UnknownVariableException cause) {
        return new FailureAnalysis(cause.getMessage(), cause.remedy(), cause);
    }
}
