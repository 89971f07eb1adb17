/**
 * The byte streams of connections: the socket, and the layers on top of it.
 *
 * <p>A layer is a {@link ByteStream} on top of another {@link ByteStream}. An idle layer holds no
 * buffers; while bytes are in transit, it borrows them from a {@link BufferPool}.
 *
 * <p>This package depends neither on event loops nor on what the bytes are used for.
 */
@NullMarked
package io.epollecho.stream;

import org.jspecify.annotations.NullMarked;
