package io.epollecho.server;

/**
 * All scenarios of the echo itself. A subclass chooses the backend and, unless connections are
 * plain, the transport.
 */
abstract class ServerScenarios extends ScenarioRun
        implements EchoScenarios,
                PressureScenarios,
                CrowdScenarios,
                ResetScenarios,
                LimitScenarios,
                DrainScenarios,
                LifecycleScenarios {}
