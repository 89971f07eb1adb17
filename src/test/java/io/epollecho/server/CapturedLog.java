package io.epollecho.server;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;

import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;

/**
 * Captures the log events of a logger and its children while open; by default, those of the
 * project's package. A test with {@link OwnThreads} captures only what its own threads log.
 */
final class CapturedLog extends UnsynchronizedAppenderBase<ILoggingEvent> implements AutoCloseable {

    private final Logger logger;
    private final List<ILoggingEvent> events = Collections.synchronizedList(new ArrayList<>());
    private final Consumer<ILoggingEvent> onEvent;
    private final ThreadGroup threads = Thread.currentThread().getThreadGroup();

    CapturedLog() {
        this(event -> {});
    }

    /** Calls back on the logging thread, which is blocked until the callback returns. */
    CapturedLog(Consumer<ILoggingEvent> onEvent) {
        this("io.epollecho", onEvent);
    }

    CapturedLog(String logger) {
        this(logger, event -> {});
    }

    CapturedLog(String logger, Consumer<ILoggingEvent> onEvent) {
        this.logger = (Logger) LoggerFactory.getLogger(logger);
        this.onEvent = onEvent;
        setContext(this.logger.getLoggerContext());
        start();
        this.logger.addAppender(this);
    }

    List<ILoggingEvent> events() {
        synchronized (events) {
            return List.copyOf(events);
        }
    }

    @Override
    protected void append(ILoggingEvent event) {
        ThreadGroup group = Thread.currentThread().getThreadGroup();
        if (group == null || !threads.parentOf(group)) {
            return;
        }
        event.prepareForDeferredProcessing(); // records the thread's name
        events.add(event);
        onEvent.accept(event);
    }

    @Override
    public void close() {
        logger.detachAppender(this);
        stop();
    }
}
