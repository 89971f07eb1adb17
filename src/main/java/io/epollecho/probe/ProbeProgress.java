package io.epollecho.probe;

/**
 * How a probe stands.
 *
 * @param seconds since its beginning
 * @param open connections that are open
 * @param messages answered in the second before
 * @param wrongBytes that came back so far
 * @param failures connections lost so far, or never opened
 */
public record ProbeProgress(long seconds, int open, long messages, long wrongBytes, int failures) {}
