package io.epollecho.server;

/**
 * All scenarios of the echo itself. A subclass names the backend that they run on and, if it is not
 * the socket alone, the transport.
 */
abstract class ServerScenarios extends ScenarioRun
        implements EchoScenarios,
                PressureScenarios,
                CrowdScenarios,
                ResetScenarios,
                LimitScenarios,
                DrainScenarios,
                LifecycleScenarios {}
