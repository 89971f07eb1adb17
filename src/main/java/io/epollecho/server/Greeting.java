package io.epollecho.server;

/** The text that a listener sends to each peer before the echo. */
public enum Greeting {
    /** No greeting. */
    NONE,
    /**
     * One line of JSON that identifies the server and the connection: the server's version and
     * host; the pod, namespace and node if the environment variables {@code POD_NAME}, {@code
     * POD_NAMESPACE} and {@code NODE_NAME} are set; the listener; the addresses of both ends and of
     * a proxy; and the negotiated TLS parameters.
     */
    IDENTITY
}
