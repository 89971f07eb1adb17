/**
 * A client that loads any TCP echo server and checks every byte that comes back.
 *
 * <p>{@link io.epollecho.probe.Probe} runs one, on the caller's thread; {@link
 * io.epollecho.probe.ProbeCommand} is its command line. Its connections are {@link
 * io.epollecho.stream.ByteStream}s. It knows no server: whatever listens at the address is probed.
 *
 * <p>Only the runnable jar holds this package, with HdrHistogram, picocli, Jackson and Micrometer,
 * which it needs. The starter does not.
 */
@NullMarked
package io.epollecho.probe;

import org.jspecify.annotations.NullMarked;
