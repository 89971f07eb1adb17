package io.epollecho.probe;

/**
 * The failures of one kind.
 *
 * @param kind the kind
 * @param count the number of failures
 * @param first the description of the first one, with the number of its connection
 * @param endpoints the ends of the connection of the first one
 */
public record FailureCount(FailureKind kind, long count, String first, Endpoints endpoints) {}
