package io.epollecho.server;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.channels.Channel;

/** Closes channels, also when there is no memory for a moment. */
final class Closing {

    private static final Logger log = LoggerFactory.getLogger(Closing.class);

    private Closing() {}

    /** Loads this class, which must not happen for the first time when memory is short. */
    static void load() {}

    /**
     * Closes a channel. If memory runs out meanwhile, tries once more: a channel that is closed
     * already accepts that, and one that is still open would have no owner.
     */
    static void close(Channel channel) {
        try {
            tryClose(channel);
        } catch (OutOfMemoryError e) {
            tryClose(channel);
        }
    }

    private static void tryClose(Channel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            log.debug("Cannot close {}: {}", channel, e.toString());
        }
    }
}
