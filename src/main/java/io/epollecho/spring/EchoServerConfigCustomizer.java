package io.epollecho.spring;

import io.epollecho.server.EchoServerConfig;

/**
 * A bean of this type changes the configuration after the properties have been applied; several go
 * by their order.
 */
@FunctionalInterface
public interface EchoServerConfigCustomizer {

    /**
     * Changes what is to be changed.
     *
     * @param config holds what the properties say
     */
    void customize(EchoServerConfig.Builder config);
}
