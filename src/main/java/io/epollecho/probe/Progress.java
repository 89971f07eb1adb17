package io.epollecho.probe;

/**
 * The messages that the schedule planned and the probe sent.
 *
 * @param planned the number of messages that have become due
 * @param sent the number of planned messages that were sent
 * @param late the number of planned messages that were sent more than a millisecond after they were
 *     due, because the connection already had as many unanswered messages as {@code pipeline}
 *     permits, or because the probe was delayed
 * @param queued the number of messages that are due but not sent, on connections that are open
 */
public record Progress(long planned, long sent, long late, long queued) {}
