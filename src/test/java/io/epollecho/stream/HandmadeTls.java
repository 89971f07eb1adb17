package io.epollecho.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.interfaces.XECPublicKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPublicKeySpec;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;

import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * A TLS 1.3 client (RFC 8446) whose records are made by hand, so that a test can send what no
 * library sends. It offers one cipher suite and one key share, and does not verify the server.
 */
public final class HandmadeTls implements Closeable {

    public static final int ALERT = 21;
    public static final int HANDSHAKE = 22;
    public static final int DATA = 23;

    private static final int CHANGE_CIPHER_SPEC = 20;
    private static final int HASH_LENGTH = 32;
    private static final int FINISHED = 20;

    /** A decrypted record. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Received(int type, byte[] content) {}

    private final Socket socket = new Socket();
    private final DataInputStream in;
    private final MessageDigest transcript;

    /** Bytes of records that {@link #receiveData} has not returned yet. */
    private ByteBuffer data = ByteBuffer.allocate(0);

    private Keys incoming;
    private Keys outgoing;

    /** Connects and performs the handshake. */
    public HandmadeTls(InetSocketAddress server) throws IOException {
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(20_000);
            socket.connect(server);
            in = new DataInputStream(socket.getInputStream());
            transcript = MessageDigest.getInstance("SHA-256");
            KeyPair own = newKeys();
            byte[] hello = clientHello(own);
            transcript.update(hello);
            sendRaw(record(HANDSHAKE, hello));
            byte[] serverHello = readPlain();
            transcript.update(serverHello);
            byte[] secret = handshakeSecret(agree(own, serverHello));
            byte[] ofClient = derive(secret, "c hs traffic", hash());
            incoming = new Keys(derive(secret, "s hs traffic", hash()));
            byte[] last;
            do {
                last = readHandshakeMessages();
            } while (last[0] != FINISHED);
            byte[] master = extract(derive(secret, "derived", emptyHash()), new byte[HASH_LENGTH]);
            byte[] verified = hash();
            outgoing = new Keys(ofClient);
            byte[] finished =
                    hmac(expand(ofClient, "finished", new byte[0], HASH_LENGTH), verified);
            send(HANDSHAKE, message(FINISHED, finished), 0);
            outgoing = new Keys(derive(master, "c ap traffic", verified));
            incoming = new Keys(derive(master, "s ap traffic", verified));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    // ---- use ------------------------------------------------------------------------------------

    /** Returns a record with the given content and padding, encrypted with the next number. */
    public byte[] seal(int type, byte[] content, int padding) {
        byte[] inner = Arrays.copyOf(content, content.length + 1 + padding);
        inner[content.length] = (byte) type;
        return outgoing.seal(inner);
    }

    public void send(int type, byte[] content, int padding) throws IOException {
        sendRaw(seal(type, content, padding));
    }

    public void sendRaw(byte... bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    /** Changes the key of the following records, as after a KeyUpdate. */
    public void updateKey() {
        outgoing = new Keys(expand(outgoing.secret, "traffic upd", new byte[0], HASH_LENGTH));
    }

    /** Returns a handshake message. */
    public static byte[] message(int type, byte[] body) {
        return ByteBuffer.allocate(4 + body.length)
                .putInt(type << 24 | body.length)
                .put(body)
                .array();
    }

    /** Returns a message that requests no update in return. */
    public static byte[] keyUpdate() {
        return message(24, new byte[] {0});
    }

    /** Returns the next record other than the tickets; null at the end of the connection. */
    public @Nullable Received receive() throws IOException {
        while (true) {
            byte[] header = new byte[5];
            try {
                in.readFully(header);
            } catch (EOFException e) {
                return null;
            }
            byte[] inner = incoming.open(header, body(header));
            int end = inner.length - 1;
            while (inner[end] == 0) {
                end--;
            }
            if (inner[end] != HANDSHAKE) {
                return new Received(inner[end], Arrays.copyOf(inner, end));
            }
        }
    }

    /** Receives exactly the given number of bytes. */
    public byte[] receiveData(int length) throws IOException {
        while (data.remaining() < length) {
            Received next = receive();
            assertThat(next).as("after %d bytes", data.remaining()).isNotNull();
            Objects.requireNonNull(next);
            assertThat(next.type()).isEqualTo(DATA);
            data =
                    ByteBuffer.allocate(data.remaining() + next.content().length)
                            .put(data)
                            .put(next.content())
                            .flip();
        }
        byte[] received = new byte[length];
        data.get(received);
        return received;
    }

    /** Ends the output of the socket. */
    public void sendFin() throws IOException {
        socket.shutdownOutput();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    // ---- handshake ------------------------------------------------------------------------------

    private static KeyPair newKeys() {
        try {
            return KeyPairGenerator.getInstance("X25519").generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns a valid ClientHello with a new key. */
    public static byte[] clientHello() {
        return clientHello(newKeys());
    }

    /** Returns the beginning of a ClientHello, followed by zeros up to the announced length. */
    public static byte[] clientHello(int announced) {
        return ByteBuffer.allocate(4 + announced)
                .putInt(1 << 24 | announced)
                .putShort((short) 0x0303)
                .array();
    }

    /** Returns handshake records in the clear, of the given length each. */
    public static byte[] records(byte[] message, int length) {
        var all = new ByteArrayOutputStream();
        for (int i = 0; i < message.length; i += length) {
            int part = Math.min(length, message.length - i);
            all.writeBytes(new byte[] {22, 3, 3, (byte) (part >> 8), (byte) part});
            all.write(message, i, part);
        }
        return all.toByteArray();
    }

    private static byte[] clientHello(KeyPair own) {
        var key = (XECPublicKey) own.getPublic();
        byte[] random = new byte[32];
        new Random().nextBytes(random);
        ByteBuffer extensions =
                ByteBuffer.allocate(200)
                        .put(new byte[] {0, 43, 0, 3, 2, 3, 4}) // TLS 1.3
                        .put(new byte[] {0, 10, 0, 6, 0, 4, 0, 29, 0, 23}) // X25519, P-256
                        .put(new byte[] {0, 13, 0, 10, 0, 8, 4, 3, 5, 3, 6, 3, 8, 4})
                        .put(new byte[] {0, 51, 0, 38, 0, 36, 0, 29, 0, 32})
                        .put(littleEndian(key.getU()));
        extensions.flip();
        ByteBuffer body =
                ByteBuffer.allocate(300)
                        .putShort((short) 0x0303)
                        .put(random)
                        .put((byte) 0) // no session to resume
                        .put(new byte[] {0, 2, 0x13, 1, 1, 0}) // TLS_AES_128_GCM_SHA256
                        .putShort((short) extensions.remaining())
                        .put(extensions);
        return message(1, Arrays.copyOf(body.array(), body.position()));
    }

    private static byte[] agree(KeyPair own, byte[] serverHello) throws GeneralSecurityException {
        ByteBuffer hello = ByteBuffer.wrap(serverHello).position(4 + 2 + 32);
        hello.position(hello.position() + 1 + hello.get(hello.position()));
        hello.position(hello.position() + 2 + 1);
        int extensions = hello.getShort();
        assertThat(extensions).isEqualTo(hello.remaining());
        while (hello.hasRemaining()) {
            int type = hello.getShort();
            byte[] content = new byte[hello.getShort()];
            hello.get(content);
            if (type == 51) {
                KeyAgreement agreement = KeyAgreement.getInstance("X25519");
                agreement.init(own.getPrivate());
                agreement.doPhase(
                        KeyFactory.getInstance("X25519")
                                .generatePublic(
                                        new XECPublicKeySpec(
                                                NamedParameterSpec.X25519,
                                                fromLittleEndian(
                                                        Arrays.copyOfRange(
                                                                content, 4, content.length)))),
                        true);
                return agreement.generateSecret();
            }
        }
        throw new AssertionError("no key share");
    }

    /** Reads a record with handshake messages and returns the last of them. */
    private byte[] readHandshakeMessages() throws IOException {
        byte[] header = new byte[5];
        do {
            in.readFully(header);
            if (header[0] == CHANGE_CIPHER_SPEC) {
                body(header);
            }
        } while (header[0] == CHANGE_CIPHER_SPEC);
        byte[] inner = incoming.open(header, body(header));
        int end = inner.length - 1;
        while (inner[end] == 0) {
            end--;
        }
        assertThat(inner[end]).as("the type of the record").isEqualTo((byte) HANDSHAKE);
        transcript.update(inner, 0, end);
        ByteBuffer messages = ByteBuffer.wrap(inner, 0, end);
        byte[] last = new byte[0];
        while (messages.hasRemaining()) {
            last = new byte[4 + (messages.getInt(messages.position()) & 0xFFFFFF)];
            messages.get(last);
        }
        return last;
    }

    private byte[] readPlain() throws IOException {
        byte[] header = new byte[5];
        in.readFully(header);
        assertThat(header[0]).as("the type of the record").isEqualTo((byte) HANDSHAKE);
        return body(header);
    }

    private byte[] body(byte[] header) throws IOException {
        byte[] body = new byte[Short.toUnsignedInt(ByteBuffer.wrap(header).getShort(3))];
        in.readFully(body);
        return body;
    }

    private static byte[] record(int type, byte[] content) {
        return ByteBuffer.allocate(5 + content.length)
                .put((byte) type)
                .putShort((short) 0x0303)
                .putShort((short) content.length)
                .put(content)
                .array();
    }

    private static byte[] littleEndian(BigInteger value) {
        byte[] bytes = new byte[32];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = value.shiftRight(8 * i).byteValue();
        }
        return bytes;
    }

    private static BigInteger fromLittleEndian(byte[] bytes) {
        BigInteger value = BigInteger.ZERO;
        for (int i = bytes.length - 1; i >= 0; i--) {
            value = value.shiftLeft(8).or(BigInteger.valueOf(bytes[i] & 0xFF));
        }
        return value;
    }

    // ---- keys -----------------------------------------------------------------------------------

    private static byte[] handshakeSecret(byte[] shared) {
        byte[] early = extract(new byte[HASH_LENGTH], new byte[HASH_LENGTH]);
        return extract(derive(early, "derived", emptyHash()), shared);
    }

    private byte[] hash() {
        try {
            return ((MessageDigest) transcript.clone()).digest();
        } catch (CloneNotSupportedException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] emptyHash() {
        try {
            return MessageDigest.getInstance("SHA-256").digest();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] extract(byte[] salt, byte[] input) {
        return hmac(salt, input);
    }

    private static byte[] derive(byte[] secret, String label, byte[] hash) {
        return expand(secret, label, hash, HASH_LENGTH);
    }

    /** HKDF-Expand-Label, for at most one block. */
    private static byte[] expand(byte[] secret, String label, byte[] context, int length) {
        byte[] name = ("tls13 " + label).getBytes(StandardCharsets.US_ASCII);
        ByteBuffer info =
                ByteBuffer.allocate(2 + 1 + name.length + 1 + context.length + 1)
                        .putShort((short) length)
                        .put((byte) name.length)
                        .put(name)
                        .put((byte) context.length)
                        .put(context)
                        .put((byte) 1);
        return Arrays.copyOf(hmac(secret, info.array()), length);
    }

    private static byte[] hmac(byte[] key, byte[] input) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(input);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** The keys of one direction, and the number of its next record. */
    private static final class Keys {

        private final byte[] secret;
        private final SecretKeySpec key;
        private final byte[] iv;
        private long sequence;

        Keys(byte[] secret) {
            this.secret = secret;
            this.key = new SecretKeySpec(expand(secret, "key", new byte[0], 16), "AES");
            this.iv = expand(secret, "iv", new byte[0], 12);
        }

        byte[] seal(byte[] inner) {
            byte[] header = record(DATA, new byte[inner.length + 16]);
            byte[] sealed = crypt(Cipher.ENCRYPT_MODE, header, inner);
            System.arraycopy(sealed, 0, header, 5, sealed.length);
            return header;
        }

        byte[] open(byte[] header, byte[] body) {
            return crypt(Cipher.DECRYPT_MODE, header, body);
        }

        private byte[] crypt(int mode, byte[] header, byte[] input) {
            byte[] nonce = iv.clone();
            for (int i = 0; i < 8; i++) {
                nonce[11 - i] ^= (byte) (sequence >>> (8 * i));
            }
            sequence++;
            try {
                Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
                cipher.init(mode, key, new GCMParameterSpec(128, nonce));
                cipher.updateAAD(header, 0, 5);
                return cipher.doFinal(input);
            } catch (GeneralSecurityException e) {
                throw new AssertionError(e);
            }
        }
    }
}
