package io.epollecho.server;

/**
 * All scenarios of the layers between the socket and the echo. A subclass names the backend that
 * they run on. Their peers are plain ones, which do by themselves what each layer wants.
 */
abstract class LayerScenarios extends ScenarioRun
        implements ProxyHeaderScenarios,
                HandshakeScenarios,
                CertificateScenarios,
                GreetingScenarios {}
