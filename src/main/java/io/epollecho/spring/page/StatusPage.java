package io.epollecho.spring.page;

/**
 * Adds the status page at {@code GET /} to an application that imports this class, on the port of
 * its actuator, if the endpoint {@code echo} is exposed there.
 *
 * <p>Where that port is bound to a loopback address, requests for other hosts are refused, so that
 * other web pages cannot reach it by a name that resolves to this machine (DNS rebinding).
 */
public final class StatusPage {

    /** Creates the bean that {@link StatusPageConfiguration} asks for. */
    StatusPage() {}
}
