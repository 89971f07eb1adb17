package io.epollecho.probe;

/**
 * The failures of one kind.
 *
 * @param kind the kind
 * @param count how many there were
 * @param first the first of them in words, with the number of its connection
 */
public record FailureCount(FailureKind kind, long count, String first) {}
