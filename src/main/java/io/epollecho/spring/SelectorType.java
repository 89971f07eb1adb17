package io.epollecho.spring;

/** Which selector the server runs on. */
public enum SelectorType {
    /** The one on epoll(7) where it can be used, otherwise the JDK's. */
    AUTO,
    /** The one on epoll(7); the start fails where it cannot be used. */
    EPOLL,
    /** The JDK's own, which is level-triggered. */
    JDK
}
