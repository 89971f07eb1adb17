package io.epollecho.spring;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Failure analyzer for a variable or a property that does not exist. */
final class UnknownNameFailureAnalyzer extends AbstractFailureAnalyzer<UnknownNameException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, UnknownNameException cause) {
        return new FailureAnalysis(cause.getMessage(), cause.remedy(), cause);
    }
}
