/**
 * The echo server in a Spring Boot application: configuration properties under {@code echo.server},
 * auto-configuration, life cycle, events, and what a person is told when the start fails.
 *
 * <p>Here the selector is chosen; {@link io.epollecho.server} does the work.
 */
@NullMarked
package io.epollecho.spring;

import org.jspecify.annotations.NullMarked;
