/**
 * What Spring Boot's actuator shows of the echo server: health, meters, and an endpoint that also
 * shuts it down gracefully and starts it again. Each part is there only if the host application has
 * what it needs.
 */
@NullMarked
package io.epollecho.spring.actuate;

import org.jspecify.annotations.NullMarked;
