/**
 * The benchmark, which compares this server with others on the same work and verifies every byte.
 *
 * <p>The main class is {@link io.epollecho.bench.Benchmark}. To add a contender, add a line to
 * {@link io.epollecho.bench.Contenders}; to add work, add a row to {@link io.epollecho.bench.Rows}.
 */
@NullMarked
package io.epollecho.bench;

import org.jspecify.annotations.NullMarked;
