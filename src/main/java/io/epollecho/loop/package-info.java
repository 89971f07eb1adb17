/**
 * An event loop on {@code java.nio}: a thread, a selector, tasks and timers, and a watchdog that
 * detects stuck loops.
 *
 * <p>This package does not depend on what the channels are used for. An {@link
 * io.epollecho.loop.EventLoop.Handler} receives the readiness of a channel; the {@link
 * io.epollecho.loop.EventLoop.Owner} owns the registered channels.
 */
@NullMarked
package io.epollecho.loop;

import org.jspecify.annotations.NullMarked;
