/**
 * An event loop on {@code java.nio}: a thread, a selector, tasks, timers, and a watchdog over them.
 *
 * <p>Nothing here knows what the channels are for. {@link io.epollecho.loop.EventLoop.Handler}
 * receives readiness, {@link io.epollecho.loop.EventLoop.Owner} owns what is registered.
 */
@NullMarked
package io.epollecho.loop;

import org.jspecify.annotations.NullMarked;
