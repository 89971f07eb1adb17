/**
 * A client that puts load on any TCP echo server and verifies every byte that comes back.
 *
 * <p>{@link io.epollecho.probe.Probe} performs one run on the caller's thread; {@link
 * io.epollecho.probe.ProbeCommand} is the command-line interface. Connections are {@link
 * io.epollecho.stream.ByteStream}s. The package does not depend on the server: it probes whatever
 * listens at the given address.
 *
 * <p>Only the runnable jar contains this package and the libraries it needs (HdrHistogram, picocli,
 * Jackson and Micrometer). The starter does not.
 */
@NullMarked
package io.epollecho.probe;

import org.jspecify.annotations.NullMarked;
