/**
 * The benchmark: this server beside others, on the same work, checked byte by byte.
 *
 * <p>{@link io.epollecho.bench.Benchmark} is its main class. A new contender is a line in {@link
 * io.epollecho.bench.Contenders}, a new piece of work one in {@link io.epollecho.bench.Rows}.
 */
@NullMarked
package io.epollecho.bench;

import org.jspecify.annotations.NullMarked;
