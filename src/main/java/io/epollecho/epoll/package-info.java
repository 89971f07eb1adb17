/**
 * A {@link java.nio.channels.spi.SelectorProvider} on Linux epoll(7), written in Java only.
 *
 * <p>{@link io.epollecho.epoll.EpollSelectorProvider} creates selectors and channels. They are used
 * through {@code java.nio.channels} and honour its contracts. This page describes what those
 * contracts leave open and where this provider differs from the JDK's.
 *
 * <h2>Supported and unsupported features</h2>
 *
 * <p>The provider supports non-blocking TCP over IPv4 and IPv6. A channel opened without a protocol
 * family uses both if the machine has both, unless {@code java.net.preferIPv4Stack} is set. If it
 * is bound to the wildcard address, it accepts connections over both.
 *
 * <p>As specified, channels start in blocking mode. Call {@code configureBlocking(false)} first,
 * which makes no system call; until then, connect, accept, read and write throw {@link
 * java.nio.channels.IllegalBlockingModeException}. Returning to blocking mode throws {@link
 * java.lang.UnsupportedOperationException}, and so do pipes, datagrams, Unix domain sockets and the
 * {@code socket()} adaptors.
 *
 * <p>Channels support the options of {@link java.net.StandardSocketOptions} that the JDK's channels
 * support, and {@code SO_OOBINLINE}, which can be found by its name in {@code supportedOptions()}.
 * Listening channels also support {@code TCP_NODELAY}, {@code SO_KEEPALIVE} and {@code
 * SO_OOBINLINE}, which accepted connections inherit. {@code SO_REUSEADDR} is enabled on listening
 * channels by default.
 *
 * <h2>Triggering</h2>
 *
 * <ul>
 *   <li><em>Level</em>: each selection reports a key while its channel is ready.
 *   <li><em>Edge</em>: a key is reported once when an event occurs. A second selection does not
 *       report it again, even if the channel is still ready. After a report, therefore accept, read
 *       or write until the operation would block, or call {@code interestOps}, with new operations
 *       or the same ones, to have the next selection check the channel again. A read that returns
 *       fewer bytes than its buffer had room for has emptied the socket as well; <em>sticky
 *       readiness</em>, below, explains why this is safe.
 * </ul>
 *
 * <p>Both modes may report a key that turns out not to be ready; a read then returns 0, and an
 * accept returns {@code null}. An error or a hang-up makes all operations of the interest set
 * ready, and the next operation reports it. In edge mode, a channel stays registered with epoll
 * even if its interest set is empty; in level mode, it does not. In both modes, if an action passed
 * to a selection throws, the next selection reports the keys for which the action was not called.
 *
 * <p><em>Sticky readiness</em> applies to edge mode. An end of stream, a reset or an urgent mark
 * may follow bytes that arrived in the same edge, and a read may return only the bytes. Once the
 * kernel has reported such an event, each selection checks the channel again and reports everything
 * that is ready, without waiting, until a read returns 0 or end of stream, or throws. This costs
 * one epoll_ctl(2) for each such selection.
 *
 * <h2>Errors</h2>
 *
 * <p>If an error interrupts a read or write that takes several system calls, the call returns the
 * number of bytes transferred so far, and the next read or write throws the error. After a reset,
 * reads first return the bytes received before it; then every read reports the reset, even if a
 * write found it first.
 *
 * <h2>Threads</h2>
 *
 * <p>As specified, selectors and channels may be used by any thread. A selection in a virtual
 * thread pins its carrier thread. The bytes of one read or write with a direct buffer stay
 * together. Heap buffers of more than 64 KiB and arrays of buffers take several system calls, so if
 * several threads use them on the same channel at the same time, their bytes may interleave. If a
 * direct buffer belongs to a {@link java.lang.foreign.Arena}, the arena must stay open during the
 * call.
 *
 * <h2>Descriptors</h2>
 *
 * <p>Closing a channel frees its descriptor immediately, even if the channel is registered. It
 * never waits for bytes to be delivered, whatever {@code SO_LINGER} is: as with the JDK's channels,
 * a positive value is switched off. If another thread is using the descriptor at that moment, it is
 * freed at the end of that operation. The descriptor is never duplicated and is closed on exec, so
 * closing it also removes its epoll registrations without a further system call. (While a child
 * process is being started, it holds copies until its exec; events of closed channels that epoll
 * reports in that time are dropped.) An event that was queued before the close identifies its
 * registration by a number that is not used for the next two billion registrations, so it cannot
 * reach a later connection on the same descriptor.
 *
 * <h2>Sources</h2>
 *
 * <p>The Linux manual pages epoll(7), epoll_ctl(2), epoll_wait(2), eventfd(2), accept4(2), tcp(7),
 * ip(7), ipv6(7) and socket(7).
 */
@NullMarked
package io.epollecho.epoll;

import org.jspecify.annotations.NullMarked;
