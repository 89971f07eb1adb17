/**
 * The echo server in a Spring Boot application: configuration properties under {@code echo.server},
 * auto-configuration, lifecycle, events, and failure analyses for a failed start.
 *
 * <p>This package chooses the selector; {@link io.epollecho.server} contains the server itself.
 */
@NullMarked
package io.epollecho.spring;

import org.jspecify.annotations.NullMarked;
