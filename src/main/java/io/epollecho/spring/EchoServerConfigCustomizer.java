package io.epollecho.spring;

import io.epollecho.server.EchoServerConfig;

/**
 * A callback that customizes the configuration after the properties have been applied. Beans of
 * this type are called in their order.
 */
@FunctionalInterface
public interface EchoServerConfigCustomizer {

    /**
     * Customizes the configuration.
     *
     * @param config the builder, with the values of the properties already applied
     */
    void customize(EchoServerConfig.Builder config);
}
