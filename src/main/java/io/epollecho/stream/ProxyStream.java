package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.List;

/**
 * A stream that starts with a PROXY protocol header. The header is received while the stream opens;
 * afterwards, all calls are passed to the stream below.
 *
 * <p>Up to 1 KiB of bytes that arrive together with the header are kept until they are read.
 */
public final class ProxyStream implements ByteStream {

    private static final int BUFFER_SIZE = 1024;

    /** The maximum number of reads per call of {@link #open}. */
    private static final int READS_PER_OPEN = 8;

    private final ByteStream below;
    private final List<AddressRange> trusted;
    private final MemoryBudget.Account account;

    /** Null once the stream is open. */
    private @Nullable ProxyHeaderParser parser = new ProxyHeaderParser();

    /** The bytes received after the header, or null if none are left. */
    private @Nullable ByteBuffer leftover;

    /**
     * True if the last read of {@link #open} filled its buffer, so that the stream below may have
     * more.
     */
    private boolean filled;

    private boolean peerAccepted;
    private boolean anyReceived;

    private @Nullable InetSocketAddress source;

    /**
     * Creates the stream without reading from it.
     *
     * @param below the stream that carries the header and the bytes after it
     * @param trusted the addresses of the trusted proxies; empty to trust all peers
     * @param account the memory of the connection: the bytes that arrive together with the header
     */
    public ProxyStream(ByteStream below, List<AddressRange> trusted, MemoryBudget.Account account) {
        this.below = below;
        this.trusted = trusted;
        this.account = account;
    }

    /**
     * {@inheritDoc}
     *
     * <p>Reads a limited number of times. If there may be more bytes, {@link #isDrained} returns
     * false: serve other connections, then call this method again.
     *
     * @throws ProxyHeaderException if the connection does not come from a trusted proxy, in which
     *     case nothing is read from it, or does not start with a valid header
     */
    @Override
    public boolean open() throws IOException {
        if (!peerAccepted) {
            requireTrusted();
            peerAccepted = true;
        }
        if (!below.open()) {
            return false;
        }
        return parser == null || receive(parser);
    }

    private void requireTrusted() throws IOException {
        if (trusted.isEmpty()) {
            return;
        }
        InetAddress peer = ((InetSocketAddress) channel().getRemoteAddress()).getAddress();
        if (trusted.stream().noneMatch(range -> range.contains(peer))) {
            throw new ProxyHeaderException("the connection does not come from a trusted proxy");
        }
    }

    private boolean receive(ProxyHeaderParser parsing) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_SIZE);
        int reads = 0;
        do {
            int count = below.read(buffer.clear());
            if (count == END) {
                throw new ProxyHeaderException(
                        "the connection ended before the end of its PROXY header", !anyReceived);
            }
            anyReceived |= count > 0;
            filled = !buffer.hasRemaining();
            switch (parsing.parse(buffer.flip())) {
                case ProxyHeaderParser.Incomplete() -> {
                    if (count == 0) {
                        return false;
                    }
                }
                case ProxyHeaderParser.Invalid(String reason) ->
                        throw new ProxyHeaderException(reason);
                case ProxyHeaderParser.Complete(ProxyHeader header) -> {
                    source = header.source();
                    keep(buffer.hasRemaining() ? buffer : null);
                    parser = null;
                    return true;
                }
            }
            reads++;
        } while (reads < READS_PER_OPEN && (filled || !below.isDrained()));
        return false;
    }

    private void keep(@Nullable ByteBuffer rest) {
        if (leftover != null) {
            account.remove(BUFFER_SIZE);
        }
        leftover = rest;
        if (rest != null) {
            account.add(BUFFER_SIZE);
        }
    }

    /**
     * Returns whether the whole header has been received.
     *
     * @return true once {@link #sourceAddress} is known
     */
    public boolean isComplete() {
        return parser == null;
    }

    /**
     * Returns the source address that the header contains, which is the address of the proxy's
     * client.
     *
     * @return the address, or null if the header has no IP address or is not complete
     */
    public @Nullable InetSocketAddress sourceAddress() {
        return source;
    }

    @Override
    public @Nullable Runnable work() {
        return below.work();
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException if the stream is not open
     */
    @Override
    public int read(ByteBuffer target) throws IOException {
        requireOpen();
        ByteBuffer kept = leftover;
        if (kept == null) {
            filled = false;
            return below.read(target);
        }
        int count = Math.min(kept.remaining(), target.remaining());
        target.put(target.position(), kept, kept.position(), count);
        target.position(target.position() + count);
        kept.position(kept.position() + count);
        if (!kept.hasRemaining()) {
            keep(null);
        }
        return count;
    }

    @Override
    public boolean isDrained() {
        return leftover == null && !filled && below.isDrained();
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException if the stream is not open
     */
    @Override
    public int write(ByteBuffer source) throws IOException {
        requireOpen();
        return below.write(source);
    }

    private void requireOpen() {
        if (parser != null) {
            throw new IllegalStateException("The PROXY header is not complete yet");
        }
    }

    @Override
    public boolean flush() throws IOException {
        return below.flush();
    }

    @Override
    public boolean endOutput() throws IOException {
        return below.endOutput();
    }

    @Override
    public void shutdownOutput() throws IOException {
        below.shutdownOutput();
    }

    @Override
    public int interest(int wanted) {
        return below.interest(parser == null ? wanted : SelectionKey.OP_READ);
    }

    @Override
    public int unsentBytes() {
        return below.unsentBytes();
    }

    @Override
    public void release() {
        keep(null);
        below.release();
    }

    @Override
    public SocketChannel channel() {
        return below.channel();
    }

    @Override
    public String toString() {
        return source == null ? below.toString() : below + " for " + source;
    }
}
