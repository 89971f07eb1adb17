/**
 * Byte streams of connections: the socket, or a layer on top of one.
 *
 * <p>Nothing here knows an event loop or what the bytes are for.
 */
@NullMarked
package io.epollecho.stream;

import org.jspecify.annotations.NullMarked;
