package io.epollecho.spring;

import io.epollecho.server.Transport;
import io.epollecho.server.TriggerMode;

import java.io.IOException;
import java.net.ProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The JDK's channels and selectors; to close a selector kills the event loop that waits on it. */
public final class BreakableTransport extends SelectorProvider {

    private final SelectorProvider real = SelectorProvider.provider();
    private final List<AbstractSelector> selectors = new CopyOnWriteArrayList<>();

    /** What a server has to run on to be breakable by this. */
    public Transport transport() {
        return new Transport("breakable", this, TriggerMode.LEVEL);
    }

    /** Makes all event loops die of an unexpected exception. */
    public void breakLoops() throws IOException {
        for (AbstractSelector selector : selectors) {
            selector.close();
        }
    }

    @Override
    public AbstractSelector openSelector() throws IOException {
        AbstractSelector selector = real.openSelector();
        selectors.add(selector);
        return selector;
    }

    @Override
    public ServerSocketChannel openServerSocketChannel() throws IOException {
        return real.openServerSocketChannel();
    }

    @Override
    public SocketChannel openSocketChannel() throws IOException {
        return real.openSocketChannel();
    }

    @Override
    public DatagramChannel openDatagramChannel() throws IOException {
        return real.openDatagramChannel();
    }

    @Override
    public DatagramChannel openDatagramChannel(ProtocolFamily family) throws IOException {
        return real.openDatagramChannel(family);
    }

    @Override
    public Pipe openPipe() throws IOException {
        return real.openPipe();
    }
}
