package io.epollecho.spring;

import io.epollecho.server.EchoServerConfig;

import org.springframework.beans.factory.annotation.Value;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Injects the port that a listener of the echo server is bound to, most often into a test:
 * {@code @LocalEchoServerPort int port}, or {@code @LocalEchoServerPort("second") int port} for the
 * listener of that name. Works on fields, and on parameters of constructors and methods, of
 * everything that is created after the server has started.
 */
@Target({ElementType.FIELD, ElementType.METHOD, ElementType.PARAMETER, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Value("${" + LocalEchoServerPort.PROPERTY + "}")
public @interface LocalEchoServerPort {

    /** The property that holds the port of the listener {@code default} from the start on. */
    String PROPERTY = "local.echo.server.port";

    /**
     * Returns the name of the listener.
     *
     * @return {@code default} for the listener that every server has
     */
    String value() default EchoServerConfig.DEFAULT_LISTENER;
}
