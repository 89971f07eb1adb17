/**
 * A client that loads any TCP echo server and checks every byte that comes back.
 *
 * <p>{@link io.epollecho.probe.Probe} runs one, on the caller's thread and {@link
 * java.nio.channels} alone; {@link io.epollecho.probe.ProbeCommand} is its command line. It knows
 * no server: whatever listens at the address is probed.
 *
 * <p>Needs HdrHistogram, and for the command line picocli. The runnable jar has both; who uses this
 * package from the starter has to add them.
 */
@NullMarked
package io.epollecho.probe;

import org.jspecify.annotations.NullMarked;
