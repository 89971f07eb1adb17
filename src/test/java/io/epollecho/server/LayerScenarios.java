package io.epollecho.server;

/**
 * All scenarios of the layers between the socket and the echo. A subclass chooses the backend. The
 * scenarios use plain peers and perform each layer's steps themselves.
 */
abstract class LayerScenarios extends ScenarioRun
        implements ProxyHeaderScenarios,
                HandshakeScenarios,
                CertificateScenarios,
                GreetingScenarios {}
