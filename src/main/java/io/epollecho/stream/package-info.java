/**
 * Byte streams of connections: the socket, or a layer on top of one.
 *
 * <p>A layer is a {@link ByteStream} over a {@link ByteStream}. At rest it holds no buffers; while
 * bytes are on their way it borrows from a {@link BufferPool}.
 *
 * <p>Nothing here knows an event loop or what the bytes are for.
 */
@NullMarked
package io.epollecho.stream;

import org.jspecify.annotations.NullMarked;
