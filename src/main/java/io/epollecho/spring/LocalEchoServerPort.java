package io.epollecho.spring;

import org.springframework.beans.factory.annotation.Value;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Injects the port that the echo server is bound to, in a test most often:
 * {@code @LocalEchoServerPort int port}.
 */
@Target({ElementType.FIELD, ElementType.METHOD, ElementType.PARAMETER, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Value("${" + LocalEchoServerPort.PROPERTY + "}")
public @interface LocalEchoServerPort {

    /** The property that holds the port, from the server's start on. */
    String PROPERTY = "local.echo.server.port";
}
