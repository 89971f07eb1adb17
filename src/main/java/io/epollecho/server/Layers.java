package io.epollecho.server;

import io.epollecho.loop.TimerWheel;
import io.epollecho.stream.BufferPool;
import io.epollecho.stream.ByteStream;
import io.epollecho.stream.MemoryBudget;
import io.epollecho.stream.ProxyHeaderException;
import io.epollecho.stream.ProxyStream;
import io.epollecho.stream.SocketStream;
import io.epollecho.stream.TlsHandshakeException;
import io.epollecho.stream.TlsRecordException;
import io.epollecho.stream.TlsStream;
import io.epollecho.stream.TruncatedStreamException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Objects;

import javax.net.ssl.SSLException;

/**
 * The layers between the socket of one connection and its echo: the PROXY protocol, TLS and the
 * greeting. A plain connection has no layers and no object of this class.
 */
final class Layers {

    /** The maximum {@linkplain TlsStream#takeCost() cost} of the records read per turn. */
    private static final int COST_PER_TURN = 16;

    private final ListenerConfig config;
    private final @Nullable ProxyStream proxy;

    /** Null without TLS and after {@link #removeTls}. */
    private @Nullable TlsStream tls;

    /** The TLS parameters that {@link #removeTls} has kept. */
    private @Nullable TlsInfo removedTls;

    /** The stream below TLS. */
    private final ByteStream bottom;

    private final MemoryBudget.Account account;

    private int held;
    private boolean open;

    /**
     * True while a worker runs a computation for the layers. Until it is done, only the worker may
     * use the stream.
     */
    private boolean computing;

    /** True while a continuation is queued. */
    private boolean continuing;

    /** True if the connection got its turn while the continuation was queued. */
    private boolean postponed;

    private @Nullable CloseReason endReason;

    /** When the time for opening began anew; {@link TimerWheel#NEVER} if it has not. */
    private long restartedAt = TimerWheel.NEVER;

    /**
     * Set by the loop's thread; read by a worker to skip a computation that is no longer needed.
     */
    private volatile boolean abandoned;

    /**
     * Creates the layers of a listener on a socket.
     *
     * @param channel the connected socket
     * @param config the configuration of the listener
     * @param buffers lends buffers for TLS
     * @param budget the memory that the layers use of
     */
    Layers(SocketChannel channel, ListenerConfig config, BufferPool buffers, MemoryBudget budget) {
        this.config = config;
        this.account = budget.newAccount();
        ByteStream stream = new SocketStream(channel);
        ProxyProtocolConfig proxyProtocol = config.proxyProtocol();
        this.proxy =
                proxyProtocol == null
                        ? null
                        : new ProxyStream(stream, proxyProtocol.trusted(), account);
        stream = proxy == null ? stream : proxy;
        TlsConfig tlsConfig = config.tls();
        this.tls =
                tlsConfig == null
                        ? null
                        : new TlsStream(stream, tlsConfig.newEngine(), buffers, account);
        this.bottom = stream;
    }

    /** Returns the memory that the layers use. */
    MemoryBudget.Account account() {
        return account;
    }

    /** Returns the topmost stream. */
    ByteStream top() {
        return tls != null ? tls : bottom;
    }

    boolean greets() {
        return config.greeting() != Greeting.NONE;
    }

    boolean hasTls() {
        return tls != null;
    }

    /**
     * Drops TLS, whose engine takes up most of the memory of a connection, but not its description.
     */
    void removeTls() {
        removedTls = tlsInfo();
        tls = null;
    }

    /** Returns whether the connection must begin with a PROXY header that is not complete yet. */
    boolean awaitsHeader() {
        return proxy != null && !proxy.isComplete();
    }

    /** Continues to receive the PROXY header. Returns true once it is complete. */
    boolean receiveHeader() throws IOException {
        return Objects.requireNonNull(proxy).open();
    }

    void opened() {
        open = true;
    }

    boolean isComputing() {
        return computing;
    }

    void setComputing(boolean computing) {
        this.computing = computing;
    }

    /**
     * Requests a continuation. At most one is queued per connection. If the connection got its turn
     * meanwhile, the continuation is put off until the next turn.
     *
     * @return true if it has to be queued
     */
    boolean requestContinuation() {
        postponed = continuing;
        continuing = true;
        return !postponed;
    }

    /** Returns whether the continuation that is due has been put off; if not, it is over. */
    boolean isPostponed() {
        boolean again = postponed;
        postponed = false;
        continuing = again;
        return again;
    }

    /**
     * Returns the reason for ending the outgoing direction of the layers; null if it has not ended.
     */
    @Nullable CloseReason endReason() {
        return endReason;
    }

    void setEndReason(CloseReason reason) {
        endReason = reason;
    }

    /**
     * Returns how many bytes of the read budget a read uses up. A TLS record of one byte costs
     * almost as much work as a long one, so the byte budget alone would let a peer monopolize the
     * loop with short records.
     *
     * @param count the number of bytes that were read
     * @param budget the read budget of a turn
     */
    int charge(int count, int budget) {
        return tls == null ? count : Math.max(count, tls.takeCost() * (budget / COST_PER_TURN));
    }

    /**
     * Returns the deadline of the layer that is currently opening.
     *
     * @param acceptedAt the {@link System#nanoTime()} when the connection was accepted
     */
    long deadline(long acceptedAt) {
        long since = restartedAt == TimerWheel.NEVER ? acceptedAt : restartedAt;
        if (config.proxyProtocol() != null && awaitsHeader()) {
            return since + config.proxyProtocol().headerTimeout().toNanos();
        }
        return config.tls() == null
                ? TimerWheel.NEVER
                : since + config.tls().handshakeTimeout().toNanos();
    }

    /**
     * Begins the time for opening anew, once, because the server was not running when it ended: the
     * peer has had no chance to answer. Returns false if it has begun anew before.
     */
    boolean restartDeadline(long now) {
        if (restartedAt != TimerWheel.NEVER) {
            return false;
        }
        restartedAt = now;
        return true;
    }

    /** Returns the reason for closing a connection that did not open in time. */
    CloseReason lateReason() {
        return awaitsHeader() ? CloseReason.PROXY_HEADER : CloseReason.HANDSHAKE_TIMEOUT;
    }

    /** Returns a description of the layer that did not open in time, for the log. */
    String lateText() {
        if (config.proxyProtocol() != null && awaitsHeader()) {
            return "the PROXY header was not complete after "
                    + Setting.HEADER_TIMEOUT.format(config.proxyProtocol().headerTimeout());
        }
        return config.tls() == null
                ? "not open in time"
                : "the handshake was not complete after "
                        + Setting.HANDSHAKE_TIMEOUT.format(config.tls().handshakeTimeout());
    }

    /** Returns the reason for closing a connection whose stream failed. */
    static CloseReason reason(IOException failure) {
        return switch (failure) {
            case ProxyHeaderException _ -> CloseReason.PROXY_HEADER;
            case TlsHandshakeException _ -> CloseReason.HANDSHAKE_FAILED;
            case TruncatedStreamException _ -> CloseReason.TRUNCATED;
            case SSLException _ -> CloseReason.TLS_ERROR;
            default -> CloseReason.RESET;
        };
    }

    /** Returns whether bytes that arrived before the failure can no longer be echoed. */
    static boolean losesBytes(IOException failure) {
        return failure instanceof TlsRecordException broken && broken.losesBytes();
    }

    /** Returns whether the peer left without sending a byte, as a port check does. */
    static boolean isSilent(IOException failure) {
        return switch (failure) {
            case ProxyHeaderException header -> header.silent();
            case TlsHandshakeException handshake -> handshake.silent();
            default -> false;
        };
    }

    /** Returns the peer's address from the PROXY header; null if there is none. */
    @Nullable InetSocketAddress source() {
        return proxy == null ? null : proxy.sourceAddress();
    }

    /** Returns the negotiated TLS parameters; null without TLS or before all layers are open. */
    @Nullable TlsInfo tlsInfo() {
        TlsConfig tlsConfig = config.tls();
        if (tls == null || tlsConfig == null || !open) {
            return removedTls;
        }
        // A session may come from a listener that asks for certificates.
        String subject = tlsConfig.clientAuth() == ClientAuth.NONE ? null : tls.peerSubject();
        return new TlsInfo(tls.protocol(), tls.cipherSuite(), tls.requestedHost(), subject);
    }

    /**
     * Counts the bytes sent to the peer since the last call.
     *
     * @param accepted the number of bytes that the stream accepted since the last call
     * @return the number of bytes sent, including bytes that the layers held before
     */
    int sent(int accepted) {
        int before = held;
        held = top().unsentBytes();
        return before + accepted - held;
    }

    /** Returns the number of bytes that the stream had accepted but not sent at the last count. */
    int held() {
        return held;
    }

    void abandon() {
        abandoned = true;
    }

    /** Returns whether the connection has been closed. Thread-safe. */
    boolean isAbandoned() {
        return abandoned;
    }
}
