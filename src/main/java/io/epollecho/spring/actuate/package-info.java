/**
 * Actuator support for the echo server: health, meters, and an endpoint that shows the status,
 * shuts the server down gracefully and starts it again. Each part is configured only if the host
 * application has the required dependencies.
 */
@NullMarked
package io.epollecho.spring.actuate;

import org.jspecify.annotations.NullMarked;
