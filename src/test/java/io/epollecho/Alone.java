package io.epollecho;

import org.junit.jupiter.api.parallel.Isolated;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Runs a test class while no other test runs in this JVM. Required by a class that measures or
 * changes something of the whole process: its descriptors, its memory, its standard output. All
 * other classes run beside each other, so what they measure must be their own: threads (see {@link
 * io.epollecho.server.OwnThreads}), log events, connections.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Isolated
public @interface Alone {

    /** What the class measures or changes. */
    String value();
}
