package io.epollecho.spring;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Explains that an environment variable stands for no property. */
final class UnknownVariableFailureAnalyzer
        extends AbstractFailureAnalyzer<UnknownVariableException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, UnknownVariableException cause) {
        return new FailureAnalysis(cause.getMessage(), cause.remedy(), cause);
    }
}
