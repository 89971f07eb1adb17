package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.security.cert.X509Certificate;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLProtocolException;

/**
 * TLS 1.2 and 1.3 over another stream, for servers and clients.
 *
 * <p>Each direction ends separately, as on a plain socket. After the peer's close_notify, {@link
 * #read} returns {@link #END}, and writing remains possible until {@link #endOutput} sends a
 * close_notify or {@link #shutdownOutput} sends a close_notify and a FIN. TLS 1.2 ends both
 * directions together (RFC 5246, 7.2.1): after {@link #read} has returned END, nothing more can be
 * written, but everything written before is sent. A FIN without a close_notify causes a {@link
 * TruncatedStreamException}.
 *
 * <p>The engine may have its own records to send at any time, for example the answer to a
 * KeyUpdate. Call {@link #flush} after each {@link #read}, even if the read returned 0. If {@link
 * #flush} returns false, select for writing. Reading pauses while many such records are waiting for
 * the peer; call {@link #isDrained} after {@link #flush}.
 *
 * <p>A renegotiation (TLS 1.2) is refused with an {@link SSLException} and without an alert.
 */
public final class TlsStream implements ByteStream {

    /**
     * The required size in bytes of the pool's buffers: two records, and room for small records.
     *
     * <p>In TLS 1.3, the JDK's engine splits 16 KiB of data into two records, because it reserves
     * room in a record for its type and padding. It requires room for a full record for each of
     * them. In a buffer for one record, sending 16 KiB would take two system calls.
     */
    public static final int BUFFER_SIZE = 36 * 1024;

    private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

    private static final int HEADER_LENGTH = 5;
    private static final int TYPE_CHANGE = 20;
    private static final int TYPE_ALERT = 21;
    private static final int TYPE_HANDSHAKE = 22;
    private static final int TYPE_DATA = 23;

    /**
     * The maximum length of a TLS 1.3 record that may be an alert: the 2 bytes of an alert, the
     * content type, the padding that the JDK adds, and the tag.
     */
    private static final int LONGEST_ALERT = 2 + 1 + 16 + 16;

    /**
     * The maximum size in bytes of a ClientHello, including record headers. With key shares for
     * post-quantum cryptography and a session ticket, it has a few kilobytes.
     */
    private static final int HELLO_LIMIT = 16 * 1024;

    /** The maximum size in bytes of a client's handshake without certificates. */
    private static final int HANDSHAKE_LIMIT = 2 * HELLO_LIMIT;

    /** The same with certificates, whose message may have 32 KiB in the JDK. */
    private static final int CERTIFICATE_LIMIT = HANDSHAKE_LIMIT + 32 * 1024;

    /**
     * More bytes than the longest handshake of a server needs, with ten certificates and everything
     * else within the JDK's limits.
     */
    private static final int SERVER_HANDSHAKE_LIMIT = 256 * 1024;

    /**
     * The average number of bytes in the records of a handshake if it has as many as allowed. For
     * each record that does not complete its message, the JDK's engine copies all previous parts of
     * the message. The size is the least that RFC 6066 (4) lets a client negotiate.
     */
    private static final int SMALL_RECORD = 512;

    /**
     * The approximate memory in bytes that the JDK's engine uses for an unfinished handshake,
     * besides the messages of the peer.
     */
    private static final int HANDSHAKE_MEMORY = 16 * 1024;

    /**
     * The bytes of a handshake whose certificates count as memory of the connection itself: those
     * of a client with an ordinary chain. The session keeps the certificates.
     */
    private static final int CERTIFICATE_ALLOWANCE = 8 * 1024;

    /**
     * The maximum number of bytes in consecutive records without data that a server accepts after a
     * TLS 1.3 handshake. They can only be key updates of a few bytes, or parts of a message that
     * the engine keeps until it is complete.
     */
    private static final int SILENT_LIMIT = 18 * 1024;

    /** The bytes of such records that count as memory of the connection itself. */
    private static final int SILENT_ALLOWANCE = 1024;

    /**
     * The maximum memory in bytes that one connection uses. It is reached in a handshake with
     * certificates. Afterwards, three buffers and {@link #SILENT_LIMIT} are less.
     */
    public static final int MEMORY_LIMIT = 2 * BUFFER_SIZE + HANDSHAKE_MEMORY + CERTIFICATE_LIMIT;

    /**
     * The maximum number of reads from the stream below in one read, for a peer that sends parts of
     * records.
     */
    private static final int FILLS_PER_READ = 8;

    /**
     * The maximum number of records that one read or one call of {@link #open} passes to the
     * engine. A record with little or no data costs almost as much work as a full one; without a
     * limit, a peer could keep the caller busy with such records.
     */
    private static final int RECORDS_PER_READ = 16;

    /** The cost of a record without data, such as a key update, compared to one with data. */
    private static final int SILENT_RECORD_COST = 4;

    /**
     * The maximum number of records that may wait in the engine to be sent. Beyond it, nothing more
     * is read from the peer. This limits the cost of a peer that requests key updates and does not
     * read the answers.
     */
    private static final int OWED_LIMIT = 16;

    /** A fatal unexpected_message in the clear, for a peer that does not speak TLS. */
    private static final byte[] UNEXPECTED_MESSAGE = {TYPE_ALERT, 3, 3, 0, 2, 2, 10};

    /** A fatal record_overflow in the clear. */
    private static final byte[] RECORD_OVERFLOW = {TYPE_ALERT, 3, 3, 0, 2, 2, 22};

    /** A fatal illegal_parameter in the clear. */
    private static final byte[] ILLEGAL_PARAMETER = {TYPE_ALERT, 3, 3, 0, 2, 2, 47};

    /**
     * A ChangeCipherSpec, which is not allowed after a TLS 1.3 handshake. The engine answers it
     * with a fatal unexpected_message.
     */
    private static final byte[] FORBIDDEN_RECORD = {TYPE_CHANGE, 3, 3, 0, 1, 1};

    private final ByteStream below;
    private final SSLEngine engine;
    private final BufferPool buffers;
    private final MemoryBudget.Account account;
    private final boolean server;

    /** Null in client mode. */
    private final @Nullable RequestedHost requestedHost;

    /**
     * The maximum accepted length of a record. After a longer record, the JDK's engine would
     * require larger buffers for all records.
     */
    private final int longestRecord;

    /** Ciphertext received, between position and limit; null if there is none. */
    private @Nullable ByteBuffer received;

    /** Ciphertext to send, between position and limit; null if there is none. */
    private @Nullable ByteBuffer sealed;

    /** Plaintext that did not fit into the reader's buffer; null if there is none. */
    private @Nullable ByteBuffer plain;

    private boolean belowOpen;
    private boolean begun;
    private boolean open;

    /** True while the engine waits for {@link #work}. */
    private boolean working;

    /** True if the content types of records are not encrypted. */
    private boolean typesVisible;

    /** True if {@link #open} used up its turn although more bytes of the handshake are here. */
    private boolean yielded;

    /** True once the engine has something to compute or to send in answer to a whole message. */
    private boolean answered;

    /** True once a byte of the handshake has arrived. */
    private boolean heard;

    /** The bytes and records of the handshake that were passed to the engine. */
    private int handshakeBytes;

    private int handshakeRecords;

    /** The bytes in the records without data since the last record with data. */
    private int silentBytes;

    /** The memory of the engine in {@link #account}. */
    private int engineMemory;

    /** The cost of the records opened since the last call of {@link #takeCost}. */
    private int cost;

    /**
     * The number of incoming records without data after which the engine had something to send. At
     * least 1 while the engine has something to send.
     */
    private int owed;

    /** The number of data bytes in {@link #sealed}, some of which may already be sent. */
    private int unsent;

    private boolean drained;

    /** True if the last read drained the stream below. */
    private boolean belowDrained;

    private boolean belowEnded;

    /** True after the peer's close_notify. */
    private boolean ended;

    /** True after {@link #endOutput}. */
    private boolean closing;

    /** True after {@link #shutdownOutput}. */
    private boolean finWanted;

    private boolean finSent;

    /**
     * Creates the layer without a limit of memory.
     *
     * @param below the stream that carries the records
     * @param engine a new engine, with client or server mode, protocols, cipher suites, client
     *     authentication and host name configured
     * @param buffers lends the buffers, whose size must be at least {@link #BUFFER_SIZE}
     */
    public TlsStream(ByteStream below, SSLEngine engine, BufferPool buffers) {
        this(below, engine, buffers, MemoryBudget.unlimited().newAccount());
    }

    /**
     * Creates the layer. {@link #open} starts the handshake.
     *
     * @param below the stream that carries the records
     * @param engine a new engine, with client or server mode, protocols, cipher suites, client
     *     authentication and host name configured
     * @param buffers lends the buffers, whose size must be at least {@link #BUFFER_SIZE}
     * @param account the memory of the connection: borrowed buffers, and what the engine keeps of
     *     the peer's messages
     */
    public TlsStream(
            ByteStream below, SSLEngine engine, BufferPool buffers, MemoryBudget.Account account) {
        this.below = below;
        this.engine = engine;
        this.buffers = buffers;
        this.account = account;
        this.server = !engine.getUseClientMode();
        this.requestedHost = server ? RequestedHost.of(engine) : null;
        this.longestRecord = engine.getSession().getPacketBufferSize();
        if (buffers.bufferSize() < Math.max(BUFFER_SIZE, longestRecord)) {
            throw new IllegalArgumentException(
                    "The buffers are too small: " + buffers.bufferSize());
        }
    }

    // ---- handshake ----------------------------------------------------------------------------

    /**
     * {@inheritDoc}
     *
     * <p>Passes a limited number of records to the engine. If more are here, {@link #isDrained}
     * returns false: serve other connections, then call this method again.
     *
     * @throws TlsHandshakeException if the handshake fails. If the engine failed or the ClientHello
     *     is invalid, an alert for the peer has been written, and {@link #flush} sends the part
     *     that the socket did not accept. If this layer finds a failure later, it cannot send an
     *     alert, because only the engine creates records.
     */
    @Override
    public boolean open() throws IOException {
        if (open) {
            return true;
        }
        if (!belowOpen) {
            if (!below.open()) {
                return false;
            }
            belowOpen = true;
        }
        working = false;
        yielded = false;
        try {
            return handshake();
        } catch (SSLException e) {
            sendAlert();
            throw TlsHandshakeException.of(e);
        } catch (TlsHandshakeException e) {
            // Do not send a close_notify: a peer that has completed its handshake would take it for
            // the end of the data.
            sendAlert();
            throw e;
        }
    }

    private boolean handshake() throws IOException {
        if (!begun) {
            // A server's engine takes up memory as soon as it begins, so wait for the peer.
            if (server && received == null && !fillHandshake()) {
                return false;
            }
            begun = true;
            engine.beginHandshake();
        }
        int steps = RECORDS_PER_READ;
        while (true) {
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> {
                    answered = true;
                    working = true;
                    send();
                    return false;
                }
                case NEED_WRAP -> {
                    answered = true;
                    if (!hasRoom() && !send()) {
                        return false;
                    }
                    sealHandshake();
                }
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    if (!send()) {
                        return false;
                    }
                    if (server && steps-- == 0) {
                        yielded = true;
                        return false;
                    }
                    if (!unsealHandshake()) {
                        return false;
                    }
                }
                case NOT_HANDSHAKING, FINISHED -> {
                    if (!send()) {
                        return false;
                    }
                    established();
                    return true;
                }
            }
        }
    }

    private void sealHandshake() throws IOException {
        SSLEngineResult result = seal(EMPTY);
        // A finished engine may report this with an empty wrap. For any other engine, the loop
        // would never end.
        if (result.bytesProduced() == 0
                && (result.getStatus() == SSLEngineResult.Status.CLOSED
                        || result.getHandshakeStatus() == HandshakeStatus.NEED_WRAP)) {
            throw endedByPeer();
        }
    }

    /** Passes a record to the engine. Returns false if more bytes are needed first. */
    private boolean unsealHandshake() throws IOException {
        if (!belowEnded && !hasHeader()) {
            return fillHandshake();
        }
        if (received != null) {
            requireTls(received);
        }
        SSLEngineResult result = unwrap(received == null ? EMPTY : received, EMPTY);
        count(result);
        releaseReceivedIfEmpty();
        return switch (result.getStatus()) {
            case OK -> {
                if (result.bytesConsumed() == 0
                        && result.getHandshakeStatus() == HandshakeStatus.NEED_UNWRAP) {
                    throw new SSLProtocolException("The engine makes no progress");
                }
                yield true;
            }
            case CLOSED -> throw endedByPeer();
            case BUFFER_OVERFLOW -> throw new SSLProtocolException("Data during the handshake");
            case BUFFER_UNDERFLOW -> fillHandshake();
        };
    }

    /** Counts a record that was passed to the engine, and what the engine may keep of it. */
    private void count(SSLEngineResult result) throws IOException {
        if (result.bytesConsumed() == 0) {
            return;
        }
        handshakeBytes += result.bytesConsumed();
        handshakeRecords++;
        if (server) {
            setEngineMemory(HANDSHAKE_MEMORY + handshakeBytes);
        }
        boolean whole = answered || result.getHandshakeStatus() != HandshakeStatus.NEED_UNWRAP;
        if (!whole && server && handshakeBytes > HELLO_LIMIT) {
            throw refusal(ILLEGAL_PARAMETER, "the ClientHello is too long");
        }
        if (handshakeBytes > handshakeLimit()
                || handshakeRecords > handshakeLimit() / SMALL_RECORD) {
            throw refusal(
                    ILLEGAL_PARAMETER, "the handshake is too long or consists of too many records");
        }
    }

    private int handshakeLimit() {
        if (!server) {
            return SERVER_HANDSHAKE_LIMIT;
        }
        return asksForCertificates() ? CERTIFICATE_LIMIT : HANDSHAKE_LIMIT;
    }

    /** Returns the failure, and writes the alert if records are not encrypted yet. */
    private TlsHandshakeException refusal(byte[] alert, String reason) {
        if (!answered && sealed == null) {
            sealed = buffers.borrow(account).put(alert).flip();
        }
        return new TlsHandshakeException(reason);
    }

    private boolean fillHandshake() throws IOException {
        int count = belowEnded ? END : fill();
        if (count == END) {
            throw TlsHandshakeException.ofEnd(!heard);
        }
        heard |= count > 0;
        return count > 0;
    }

    private void requireTls(ByteBuffer record) throws TlsHandshakeException {
        if (handshakeBytes == 0 && !FirstBytes.areTls(record)) {
            throw refusal(UNEXPECTED_MESSAGE, FirstBytes.describe(record));
        }
        if (recordLength(record) > longestRecord) {
            throw refusal(RECORD_OVERFLOW, "a record is longer than TLS allows");
        }
    }

    /** Sets the memory that the engine uses for the peer. */
    private void setEngineMemory(int bytes) {
        int before = engineMemory;
        engineMemory = bytes;
        if (bytes > before) {
            account.add(bytes - before);
        } else {
            account.remove(before - bytes);
        }
    }

    private void established() throws TlsHandshakeException {
        // The engine also stops handshaking when it has been closed.
        if (engine.isInboundDone() || engine.isOutboundDone()) {
            throw endedByPeer();
        }
        open = true;
        setEngineMemory(keptBytes());
        typesVisible = !protocol().equals("TLSv1.3");
        drained = received == null && belowDrained;
    }

    private boolean asksForCertificates() {
        return engine.getNeedClientAuth() || engine.getWantClientAuth();
    }

    /** Returns the memory in which the engine keeps the peer's certificates after the handshake. */
    private int keptBytes() {
        return asksForCertificates() ? Math.max(0, handshakeBytes - CERTIFICATE_ALLOWANCE) : 0;
    }

    private static TlsHandshakeException endedByPeer() {
        return new TlsHandshakeException("the peer ended the handshake with close_notify");
    }

    @Override
    public @Nullable Runnable work() {
        if (!belowOpen) {
            return below.work();
        }
        return working ? this::runTasks : null;
    }

    private void runTasks() {
        Runnable task;
        while ((task = engine.getDelegatedTask()) != null) {
            task.run();
        }
    }

    // ---- reading ------------------------------------------------------------------------------

    /**
     * {@inheritDoc}
     *
     * <p>Opens a limited number of records. It may therefore return fewer bytes than are available,
     * or 0 if none of these records contains data. {@link #isDrained} then returns false: serve
     * other connections, then read again.
     *
     * @throws TruncatedStreamException if the stream ends without a close_notify
     * @throws TlsRecordException if a record is invalid or not allowed; the message is one line of
     *     ASCII. If the engine found the error, an alert for the peer has been written, and {@link
     *     #flush} sends the part that the socket did not accept. This layer refuses renegotiations
     *     (TLS 1.2) and records that are too long without an alert
     */
    @Override
    public int read(ByteBuffer target) throws IOException {
        drained = false;
        int start = target.position();
        try {
            return readRecords(target);
        } catch (SSLException e) {
            drained = true;
            boolean losesBytes = target.position() > start || plain != null;
            sendAlert();
            throw new TlsRecordException(printable(e), e, losesBytes);
        }
    }

    /** Messages of the JDK may quote the peer, which must not be able to forge log lines. */
    private static String printable(SSLException failure) {
        return TlsHandshakeException.printable(
                failure.getMessage() == null ? "" : failure.getMessage());
    }

    private int readRecords(ByteBuffer target) throws IOException {
        sendOwed();
        int start = target.position();
        int fills = FILLS_PER_READ;
        int records = RECORDS_PER_READ;
        belowDrained = false;
        while (target.hasRemaining()) {
            if (plain != null) {
                takePlain(plain, target);
                continue;
            }
            int count = target.position() - start;
            if (ended) {
                drained = count == 0;
                return count == 0 ? END : count;
            }
            if (owed > OWED_LIMIT) {
                return count;
            }
            if (received != null && isWhole(received)) {
                // Return the data so that the caller can write its echo before the engine sees an
                // alert, upon which the engine may close both directions.
                if (count > 0 && !isData(received)) {
                    return count;
                }
                if (records-- == 0) {
                    return count;
                }
                if (!unseal(received, target, count == 0)) {
                    return count;
                }
            } else if (belowDrained) {
                drained = true;
                return count;
            } else if (fills-- == 0) {
                return count;
            } else {
                int filled = belowEnded ? END : fill();
                if (filled == END) {
                    if (count > 0) {
                        return count;
                    }
                    drained = true;
                    releaseReceived();
                    throw new TruncatedStreamException(
                            "The peer's stream ended without a close_notify");
                }
                if (filled == 0) {
                    drained = belowDrained;
                    return count;
                }
            }
        }
        return target.position() - start;
    }

    /**
     * Decrypts one record.
     *
     * @return false if the target has no room for it
     */
    private boolean unseal(ByteBuffer source, ByteBuffer target, boolean targetEmpty)
            throws IOException {
        refuseRenegotiation(
                typesVisible && (type(source) == TYPE_HANDSHAKE || type(source) == TYPE_CHANGE));
        SSLEngineResult result = unwrap(source, target);
        if (result.getStatus() == SSLEngineResult.Status.BUFFER_OVERFLOW) {
            if (!targetEmpty) {
                return false;
            }
            ByteBuffer roomy = buffers.borrow(account);
            plain = roomy;
            result = unwrap(source, roomy);
            releasePlainIfEmpty(roomy.flip());
        }
        releaseReceivedIfEmpty();
        switch (result.getStatus()) {
            case OK -> {
                if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
                    refuseRenegotiation(typesVisible);
                    runTasks(); // finds out that the message is not allowed
                    unwrap(EMPTY, EMPTY); // throws
                    throw new SSLProtocolException("Unexpected handshake message");
                }
                if (result.bytesConsumed() == 0) {
                    throw new SSLProtocolException("The engine makes no progress");
                }
                countSilence(result);
                if (result.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
                    owed = result.bytesProduced() == 0 ? owed + 1 : Math.max(owed, 1);
                    sendOwed();
                }
            }
            case CLOSED -> {
                ended = true;
                releaseReceived();
            }
            case BUFFER_OVERFLOW, BUFFER_UNDERFLOW ->
                    throw new SSLProtocolException("Invalid record: " + result.getStatus());
        }
        return true;
    }

    /**
     * Limits what the engine keeps of a handshake message that is not complete. The content of a
     * TLS 1.3 record is not visible here, but the engine accepts no data before the rest of the
     * message.
     */
    private void countSilence(SSLEngineResult result) throws SSLException {
        boolean silent = result.bytesProduced() == 0;
        cost += silent ? SILENT_RECORD_COST : 1;
        if (typesVisible || !server) {
            return;
        }
        if (silent) {
            silentBytes += result.bytesConsumed();
            setEngineMemory(keptBytes() + Math.max(0, silentBytes - SILENT_ALLOWANCE));
            if (silentBytes > SILENT_LIMIT) {
                refuseSilence();
            }
        } else if (silentBytes > 0) {
            silentBytes = 0;
            setEngineMemory(keptBytes());
        }
    }

    private void refuseSilence() throws SSLException {
        var failure = new SSLProtocolException("Too many or too long handshake messages");
        try {
            unwrap(ByteBuffer.wrap(FORBIDDEN_RECORD), EMPTY); // makes the engine send an alert
        } catch (SSLException e) {
            failure.addSuppressed(e);
        }
        throw failure;
    }

    /**
     * Returns the cost of the records opened since the last call: 1 for a record with data, more
     * for others.
     *
     * @return the cost
     */
    public int takeCost() {
        int taken = cost;
        cost = 0;
        return taken;
    }

    private SSLEngineResult unwrap(ByteBuffer source, ByteBuffer target) throws SSLException {
        try {
            return engine.unwrap(source, target);
        } catch (RuntimeException e) {
            throw failed(e);
        }
    }

    /** Converts an exception that the engine passes on from one of its tasks. */
    private static SSLException failed(RuntimeException cause) {
        return new SSLException("The engine failed: " + cause, cause);
    }

    private static void refuseRenegotiation(boolean attempted) throws SSLException {
        if (attempted) {
            throw new SSLProtocolException("Renegotiation refused");
        }
    }

    private void takePlain(ByteBuffer source, ByteBuffer target) {
        int count = Math.min(source.remaining(), target.remaining());
        target.put(target.position(), source, source.position(), count);
        target.position(target.position() + count);
        source.position(source.position() + count);
        releasePlainIfEmpty(source);
    }

    /** Reads from the stream below as much as fits after the bytes already received. */
    private int fill() throws IOException {
        ByteBuffer buffer = received;
        if (buffer == null) {
            buffer = buffers.borrow(account);
        } else {
            buffer.compact();
        }
        received = buffer;
        int count = 0;
        try {
            count = below.read(buffer);
            belowDrained = buffer.hasRemaining() && below.isDrained();
        } finally {
            buffer.flip();
            releaseReceivedIfEmpty();
        }
        belowEnded = count == END;
        return count;
    }

    private boolean isWhole(ByteBuffer source) throws SSLException {
        if (source.remaining() < HEADER_LENGTH) {
            return false;
        }
        int length = recordLength(source);
        if (length > longestRecord) {
            throw new SSLProtocolException("The record is too long: " + length + " bytes");
        }
        // The engine refuses a record of an unknown type by its header, so do not wait for the
        // rest.
        return source.remaining() >= length
                || type(source) < TYPE_CHANGE
                || type(source) > TYPE_DATA;
    }

    /** Returns whether a complete record contains data and cannot be an alert. */
    private boolean isData(ByteBuffer source) {
        return type(source) == TYPE_DATA
                && (typesVisible || recordLength(source) > HEADER_LENGTH + LONGEST_ALERT);
    }

    private boolean hasHeader() {
        return received != null && received.remaining() >= HEADER_LENGTH;
    }

    private static int type(ByteBuffer source) {
        return source.get(source.position());
    }

    private static int recordLength(ByteBuffer source) {
        return source.remaining() < HEADER_LENGTH
                ? 0
                : HEADER_LENGTH + Short.toUnsignedInt(source.getShort(source.position() + 3));
    }

    @Override
    public boolean isDrained() {
        return open ? drained || owed > OWED_LIMIT : !yielded && below.isDrained();
    }

    // ---- writing ------------------------------------------------------------------------------

    /**
     * {@inheritDoc}
     *
     * <p>Accepts nothing while ciphertext is unsent.
     *
     * @throws ClosedChannelException after {@link #endOutput}
     */
    @Override
    public int write(ByteBuffer source) throws IOException {
        if (closing) {
            throw new ClosedChannelException();
        }
        if (!send()) {
            return 0;
        }
        int before = source.remaining();
        while (source.hasRemaining() && (hasRoom() || send())) {
            SSLEngineResult result = seal(source);
            if (result.bytesProduced() == 0 && source.hasRemaining()) {
                throw new SSLException(
                        result.getStatus() == SSLEngineResult.Status.CLOSED
                                ? "The peer's close_notify has ended both directions"
                                : "The engine accepts no data");
            }
        }
        sendOwed();
        return before - source.remaining();
    }

    @Override
    public boolean flush() throws IOException {
        if (!sendOwed()) {
            return false;
        }
        if (closing && !sendEnd()) {
            return false;
        }
        if (finWanted && !finSent) {
            finSent = true;
            below.shutdownOutput();
        }
        return below.flush();
    }

    /** Sends the end of the outgoing direction. Returns false if it was not sent completely. */
    private boolean sendEnd() throws IOException {
        // Send no close_notify before the handshake has completed: a peer that has already
        // completed it would take the close_notify for the end of the data, although its own data
        // was never read.
        if (open) {
            engine.closeOutbound();
            while (!engine.isOutboundDone() && seal(EMPTY).bytesProduced() > 0) {
                if (!send()) {
                    return false;
                }
            }
        }
        return below.endOutput();
    }

    /**
     * {@inheritDoc}
     *
     * <p>If the handshake has not completed, there is no end to send.
     */
    @Override
    public boolean endOutput() throws IOException {
        closing = true;
        return !open || (sendOwed() && sendEnd());
    }

    @Override
    public void shutdownOutput() throws IOException {
        closing = true;
        finWanted = true;
        flush();
    }

    /**
     * Sends the sealed records, then the records that the engine has to send. Returns false if any
     * are left.
     */
    private boolean sendOwed() throws IOException {
        while (send()) {
            if (owed == 0) {
                return true;
            }
            if (seal(EMPTY).bytesProduced() == 0) {
                owed = 0;
            }
        }
        return false;
    }

    /**
     * Writes the sealed records to the stream below. Returns false if it does not accept all bytes.
     */
    private boolean send() throws IOException {
        ByteBuffer rest = sealed;
        if (rest == null) {
            return true;
        }
        if (rest.hasRemaining()) {
            below.write(rest);
        }
        releaseSealedIfEmpty();
        return sealed == null;
    }

    /** Creates records from the engine's own messages or, if there are none, from data. */
    private SSLEngineResult seal(ByteBuffer source) throws SSLException {
        ByteBuffer target = sealed;
        if (target == null) {
            target = buffers.borrow(account).limit(0);
            sealed = target;
        }
        int start = target.position();
        target.position(target.limit()).limit(target.capacity());
        SSLEngineResult result;
        try {
            result = engine.wrap(source, target);
        } catch (RuntimeException e) {
            throw failed(e);
        } finally {
            target.limit(target.position()).position(start);
            releaseSealedIfEmpty();
        }
        unsent += result.bytesConsumed();
        if (result.getHandshakeStatus() != HandshakeStatus.NEED_WRAP) {
            owed = 0;
        } else if (open && owed == 0) {
            owed = 1;
        }
        return result;
    }

    private boolean hasRoom() {
        return sealed == null || sealed.capacity() - sealed.limit() >= longestRecord;
    }

    /**
     * Sends the alert of a failed engine, if there is one, as far as the stream below accepts it.
     */
    private void sendAlert() {
        releaseReceived();
        releasePlain();
        owed = 0;
        try {
            while (hasRoom() && seal(EMPTY).bytesProduced() > 0) {}
            owed = 0;
            send();
        } catch (IOException e) {
            // Ignore this failure; the caller reports the original one.
            owed = 0;
        }
    }

    // ---- selecting ----------------------------------------------------------------------------

    @Override
    public int interest(int wanted) {
        if (!belowOpen) {
            return below.interest(wanted);
        }
        if (working) {
            return 0;
        }
        int needed = open ? wanted : sealed == null ? SelectionKey.OP_READ : SelectionKey.OP_WRITE;
        return below.interest(needed) | (sealed == null ? 0 : SelectionKey.OP_WRITE);
    }

    @Override
    public SocketChannel channel() {
        return below.channel();
    }

    // ---- buffers ------------------------------------------------------------------------------

    /**
     * {@inheritDoc}
     *
     * <p>If records are partly sent, a proportional part of their data counts as sent.
     */
    @Override
    public int unsentBytes() {
        ByteBuffer rest = sealed;
        return below.unsentBytes()
                + (rest == null
                        ? 0
                        : Math.ceilDiv(Math.multiplyExact(unsent, rest.remaining()), rest.limit()));
    }

    /** {@inheritDoc} The engine's tasks use no buffers. */
    @Override
    public void release() {
        releaseReceived();
        releasePlain();
        if (sealed != null) {
            ByteBuffer used = sealed;
            sealed = null;
            buffers.giveBack(used, account);
        }
        setEngineMemory(0);
        below.release();
    }

    private void releaseReceivedIfEmpty() {
        if (received != null && !received.hasRemaining()) {
            releaseReceived();
        }
    }

    private void releaseReceived() {
        if (received != null) {
            ByteBuffer used = received;
            received = null;
            buffers.giveBack(used, account);
        }
    }

    private void releasePlainIfEmpty(ByteBuffer rest) {
        if (!rest.hasRemaining()) {
            releasePlain();
        }
    }

    private void releasePlain() {
        if (plain != null) {
            ByteBuffer used = plain;
            plain = null;
            buffers.giveBack(used, account);
        }
    }

    private void releaseSealedIfEmpty() {
        if (sealed != null && !sealed.hasRemaining()) {
            ByteBuffer used = sealed;
            sealed = null;
            buffers.giveBack(used, account);
            unsent = 0;
        }
    }

    // ---- description --------------------------------------------------------------------------

    /**
     * Returns the negotiated protocol.
     *
     * @return TLSv1.2 or TLSv1.3, or NONE until the handshake has completed
     */
    public String protocol() {
        return engine.getSession().getProtocol();
    }

    /**
     * Returns the negotiated cipher suite.
     *
     * @return the standard name, or SSL_NULL_WITH_NULL_NULL until the handshake has completed
     */
    public String cipherSuite() {
        return engine.getSession().getCipherSuite();
    }

    /**
     * Returns the host name that this client requested; see RFC 6066, 3. The session is of no use
     * here: if it was resumed, it has the name that the client requested when the session began.
     *
     * @return the name, at most {@value RequestedHost#LONGEST} characters long; null if the client
     *     requested none, and in client mode
     */
    public @Nullable String requestedHost() {
        return requestedHost == null ? null : requestedHost.name();
    }

    /**
     * Returns the subject of the peer's certificate. The certificate may belong to the handshake in
     * which a resumed session began, because it still authenticates the peer.
     *
     * @return the distinguished name as in RFC 2253, or null if the peer sent no certificate
     */
    public @Nullable String peerSubject() {
        try {
            return engine.getSession().getPeerCertificates()[0] instanceof X509Certificate subject
                    ? subject.getSubjectX500Principal().getName()
                    : null;
        } catch (SSLPeerUnverifiedException e) {
            return null;
        }
    }

    @Override
    public String toString() {
        return below.toString();
    }
}
