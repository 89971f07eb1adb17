package io.epollecho.server;

/** The text that a listener sends to each peer before the echo. */
public enum Greeting {
    /** Nothing. */
    NONE,
    /**
     * One line of JSON that says which server the peer has reached, through what, and as whom: the
     * server's version and host; the pod, the namespace and the node if the environment variables
     * {@code POD_NAME}, {@code POD_NAMESPACE} and {@code NODE_NAME} are set; the listener; the
     * addresses of both ends; and what TLS has negotiated.
     */
    IDENTITY
}
