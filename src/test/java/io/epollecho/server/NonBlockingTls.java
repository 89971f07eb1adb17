package io.epollecho.server;

import io.epollecho.stream.Certificates;

import tlschannel.ClientTlsChannel;
import tlschannel.TlsChannel;
import tlschannel.WouldBlockException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;

import javax.net.ssl.SSLContext;

/** A TLS client whose reads and writes return 0 when they would block, like those of a channel. */
final class NonBlockingTls implements ByteChannel {

    private final TlsChannel tls;

    private NonBlockingTls(TlsChannel tls) {
        this.tls = tls;
    }

    /** Completes a handshake in blocking mode, then switches the channel to non-blocking mode. */
    static NonBlockingTls over(SocketChannel channel, SSLContext context) throws IOException {
        TlsChannel tls =
                ClientTlsChannel.newBuilder(channel, Certificates.clientEngine(context, "TLSv1.3"))
                        .build();
        tls.handshake();
        channel.configureBlocking(false);
        return new NonBlockingTls(tls);
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        try {
            return tls.read(target);
        } catch (WouldBlockException e) {
            return 0;
        }
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int before = source.remaining();
        try {
            tls.write(source);
        } catch (WouldBlockException e) {
            return before - source.remaining();
        }
        return before - source.remaining();
    }

    @Override
    public boolean isOpen() {
        return tls.isOpen();
    }

    @Override
    public void close() throws IOException {
        tls.close();
    }
}
