/**
 * A {@link java.nio.channels.spi.SelectorProvider} on Linux epoll(7), in Java alone.
 *
 * <p>{@link io.epollecho.epoll.EpollSelectorProvider} creates selectors and channels; everything
 * else is used through {@code java.nio.channels}, whose contracts hold. This page describes what
 * they leave open and where this provider differs from the JDK's.
 *
 * <h2>Supported and refused</h2>
 *
 * <p>Non-blocking TCP over IPv4 and IPv6. A channel opened without a protocol family uses both
 * where the machine has both (unless {@code java.net.preferIPv4Stack} is set), so one bound to the
 * wildcard address accepts connections of both.
 *
 * <p>Channels start in blocking mode, as specified, and {@code configureBlocking(false)} has to be
 * called, which costs no system call. Until then connect, accept, read and write throw {@link
 * java.nio.channels.IllegalBlockingModeException}; there is no way back to blocking mode ({@link
 * java.lang.UnsupportedOperationException}). Refused in the same way are pipes, datagrams, Unix
 * domain sockets and the {@code socket()} adaptors.
 *
 * <p>Options: those of {@link java.net.StandardSocketOptions} that the JDK's channels have, and
 * {@code SO_OOBINLINE}, found by its name in {@code supportedOptions()}. Listening channels have
 * {@code TCP_NODELAY}, {@code SO_KEEPALIVE} and {@code SO_OOBINLINE} too: accepted connections
 * inherit them. {@code SO_REUSEADDR} is on for listening channels from the start.
 *
 * <h2>Triggering</h2>
 *
 * <ul>
 *   <li><em>Level</em>: a key is reported by each selection while its channel is ready.
 *   <li><em>Edge</em>: a key is reported once when something has happened. A second selection
 *       reports nothing new, even if the channel is still ready. So after a report, continue to
 *       accept, read or write until it would block; or call {@code interestOps}, with new
 *       operations or the same ones, and the next selection looks at the channel afresh. A read
 *       that returns fewer bytes than its buffer had room for has emptied the socket too; see
 *       <em>sticky readiness</em> for why that is safe.
 * </ul>
 *
 * <p>Both may report a key that turns out not to be ready: a read then returns 0, an accept {@code
 * null}. An error or a hang-up makes all operations of the interest set ready, and the next one
 * reports it. In edge mode a channel is watched even if its interest set is empty; in level mode it
 * is not. If an action given to a selection throws, the next selection reports the keys that it was
 * not called for, in both modes.
 *
 * <p><em>Sticky readiness</em>, in edge mode: an end of stream, a reset or an urgent mark may lie
 * behind bytes that arrived with it in the same edge, and a read returns the bytes alone. Once the
 * kernel has reported such a thing, each selection looks at the channel again and reports all that
 * is ready, without waiting, until a read returns 0 or end of stream or throws. This costs one
 * epoll_ctl(2) for each selection in which it happens.
 *
 * <h2>Errors</h2>
 *
 * <p>A read or write that takes several system calls returns the bytes that were transferred before
 * an error; the next read or write throws it. A reset is reported by every read, whether a read or
 * a write has met it first, once the bytes that came before it have been read.
 *
 * <h2>Threads</h2>
 *
 * <p>Selectors and channels may be used by any thread, as specified. A selection by a virtual
 * thread occupies its carrier. The bytes of one read or write of a direct buffer stay together;
 * when threads read or write one channel at the same time with heap buffers of more than 64 KiB or
 * with arrays of buffers, which take several system calls, their bytes may interleave. The memory
 * of a direct buffer that comes from a {@link java.lang.foreign.Arena} has to stay open during the
 * call.
 *
 * <h2>Descriptors</h2>
 *
 * <p>Closing a channel frees its descriptor at once, registered or not; only an operation under way
 * in another thread delays this to the end of that operation. The descriptor is never duplicated,
 * and it is closed on exec, so its close also ends its epoll registrations without a further system
 * call. (A child process that is being started holds copies up to its exec. Events that epoll
 * reports of a closed channel in that moment are dropped.) An event that was queued before the
 * close names its registration by a number that the next two billion registrations do not get, so
 * it cannot reach a later connection on the same descriptor.
 *
 * <h2>Sources</h2>
 *
 * <p>epoll(7), epoll_ctl(2), epoll_wait(2), eventfd(2), accept4(2), tcp(7), ip(7), ipv6(7) and
 * socket(7) of the Linux manual.
 */
@NullMarked
package io.epollecho.epoll;

import org.jspecify.annotations.NullMarked;
