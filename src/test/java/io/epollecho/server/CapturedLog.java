package io.epollecho.server;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;

import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** What is logged below the project's package while this is open. */
final class CapturedLog extends UnsynchronizedAppenderBase<ILoggingEvent> implements AutoCloseable {

    private static final Logger logger = (Logger) LoggerFactory.getLogger("io.epollecho");

    private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
    private final Consumer<ILoggingEvent> onEvent;

    CapturedLog() {
        this(event -> {});
    }

    /** Calls back on the thread that logs, which goes on when that returns. */
    CapturedLog(Consumer<ILoggingEvent> onEvent) {
        this.onEvent = onEvent;
        setContext(logger.getLoggerContext());
        start();
        logger.addAppender(this);
    }

    List<ILoggingEvent> events() {
        return events;
    }

    @Override
    protected void append(ILoggingEvent event) {
        events.add(event);
        onEvent.accept(event);
    }

    @Override
    public void close() {
        logger.detachAppender(this);
        stop();
    }
}
