package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/** A real listening socket whose accepted channels are disguised. */
final class DisguisingListener extends ServerSocketChannel {

    private final ServerSocketChannel real;
    private final UnaryOperator<InetSocketAddress> disguise;
    private final BooleanSupplier full;

    DisguisingListener(
            SelectorProvider provider,
            ServerSocketChannel real,
            UnaryOperator<InetSocketAddress> disguise,
            BooleanSupplier full) {
        super(provider);
        this.real = real;
        this.disguise = disguise;
        this.full = full;
    }

    ServerSocketChannel undisguised() {
        return real;
    }

    @Override
    public @Nullable SocketChannel accept() throws IOException {
        SocketChannel accepted = real.accept();
        return accepted == null ? null : new DisguisedChannel(provider(), accepted, disguise, full);
    }

    @Override
    public ServerSocketChannel bind(@Nullable SocketAddress local, int backlog) throws IOException {
        real.bind(local, backlog);
        return this;
    }

    @Override
    public <T> ServerSocketChannel setOption(SocketOption<T> name, T value) throws IOException {
        real.setOption(name, value);
        return this;
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        return real.getOption(name);
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return real.supportedOptions();
    }

    @Override
    public ServerSocket socket() {
        return real.socket();
    }

    @Override
    public SocketAddress getLocalAddress() throws IOException {
        return real.getLocalAddress();
    }

    @Override
    protected void implCloseSelectableChannel() throws IOException {
        real.close();
    }

    @Override
    protected void implConfigureBlocking(boolean block) throws IOException {
        real.configureBlocking(block);
    }
}
