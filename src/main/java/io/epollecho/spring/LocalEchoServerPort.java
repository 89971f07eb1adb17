package io.epollecho.spring;

import io.epollecho.server.EchoServerConfig;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Annotation that injects the port that a listener of the echo server is bound to, typically into a
 * test: {@code @LocalEchoServerPort int port}, or {@code @LocalEchoServerPort("second") int port}
 * for the listener of that name. It applies to fields and to parameters of constructors and
 * methods, in any object created after the server has started.
 */
@Target({ElementType.FIELD, ElementType.METHOD, ElementType.PARAMETER, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Autowired
@Qualifier
public @interface LocalEchoServerPort {

    /** The property that contains the port of the listener {@code default} after the start. */
    String PROPERTY = "local.echo.server.port";

    /**
     * Returns the name of the listener.
     *
     * @return the name, {@code default} for the default listener
     */
    String value() default EchoServerConfig.DEFAULT_LISTENER;
}
