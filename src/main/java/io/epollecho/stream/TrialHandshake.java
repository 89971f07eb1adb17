package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.net.Socket;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.stream.Stream;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLProtocolException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * A handshake in memory between a server's engine and a client that accepts any certificate and
 * offers every protocol version and cipher suite of the JDK. If it fails, no client can connect:
 * for example, because the private key does not belong to the certificate, or because no enabled
 * cipher suite fits the enabled protocols and the key.
 */
public final class TrialHandshake {

    /** More steps than any handshake takes, so that a defective engine cannot make this spin. */
    private static final int LONGEST = 1_000;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final SSLEngine server;
    private final SSLEngine client;
    private final ByteBuffer toServer;
    private final ByteBuffer toClient;

    private TrialHandshake(SSLEngine server) throws GeneralSecurityException {
        this.server = server;
        this.client = client();
        int size = 4 * TlsStream.BUFFER_SIZE;
        this.toServer = ByteBuffer.allocate(size).limit(0);
        this.toClient = ByteBuffer.allocate(size).limit(0);
    }

    private static SSLEngine client() throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustsEverybody()}, null);
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(true);
        engine.setEnabledCipherSuites(engine.getSupportedCipherSuites());
        engine.setEnabledProtocols(
                Stream.of(engine.getSupportedProtocols())
                        .filter(protocol -> protocol.startsWith("TLS"))
                        .toArray(String[]::new));
        return engine;
    }

    /**
     * Performs a handshake.
     *
     * @param server a new engine in server mode, which is used up. If it requires client
     *     certificates, it is changed to accept clients without one
     * @return the reason why no handshake can succeed, as one line of ASCII; null if one succeeds
     */
    public static @Nullable String failure(SSLEngine server) {
        if (server.getNeedClientAuth()) {
            server.setWantClientAuth(true);
        }
        try {
            new TrialHandshake(server).run();
            return null;
        } catch (SSLException e) {
            return TlsHandshakeException.of(e).reason();
        } catch (GeneralSecurityException | RuntimeException e) {
            return TlsHandshakeException.printable(e.toString());
        }
    }

    private void run() throws SSLException {
        client.beginHandshake();
        server.beginHandshake();
        for (int i = 0; i < LONGEST; i++) {
            boolean clientDone = step(client, toClient, toServer);
            boolean serverDone = step(server, toServer, toClient);
            if (clientDone && serverDone) {
                return;
            }
        }
        throw new SSLProtocolException("The handshake does not end");
    }

    /** Continues on one side. Returns true if its handshake is complete. */
    private static boolean step(SSLEngine engine, ByteBuffer in, ByteBuffer out)
            throws SSLException {
        switch (engine.getHandshakeStatus()) {
            case NEED_TASK -> {
                Runnable task;
                while ((task = engine.getDelegatedTask()) != null) {
                    task.run();
                }
            }
            case NEED_WRAP -> {
                out.compact();
                try {
                    engine.wrap(NOTHING, out);
                } finally {
                    out.flip();
                }
            }
            case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> engine.unwrap(in, NOTHING);
            case NOT_HANDSHAKING, FINISHED -> {
                return true;
            }
        }
        return false;
    }

    /**
     * The trial is about the server's own configuration; whether clients trust it is their part.
     */
    private static final class TrustsEverybody extends X509ExtendedTrustManager {

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
