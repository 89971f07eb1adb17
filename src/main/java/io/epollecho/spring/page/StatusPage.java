package io.epollecho.spring.page;

/**
 * The status page. An application that imports this class serves it at {@code GET /} on the port of
 * its actuator, if the endpoint {@code echo} is exposed there.
 *
 * <p>If that port is bound to a loopback address, requests for other hosts are refused, so that web
 * pages of other sites cannot reach it through a name that resolves to this machine (DNS
 * rebinding).
 */
public final class StatusPage {

    /** Creates the bean that {@link StatusPageConfiguration} depends on. */
    StatusPage() {}
}
