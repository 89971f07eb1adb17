package io.epollecho.probe;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import javax.net.ssl.SSLException;

/** An echo server with blocking sockets and a configurable faulty echo. */
final class FaultyEchoServer implements AutoCloseable {

    /** The reaction to received bytes. */
    interface Echo {

        /**
         * Answers received bytes.
         *
         * @param before the number of bytes received on the connection before these
         */
        void answer(Peer peer, byte[] bytes, long before) throws IOException;
    }

    /** The steps of a connection before its echo. */
    interface Front {

        /** Returns the socket of the echo, which may wrap the accepted socket. */
        Socket open(Socket accepted) throws IOException;
    }

    /** A connection; connections are numbered from 0 in the order of acceptance. */
    record Peer(int number, Socket socket) {

        void send(byte... bytes) throws IOException {
            OutputStream out = socket.getOutputStream();
            out.write(bytes);
            out.flush();
        }

        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }
    }

    private final ServerSocket listener;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final Front front;
    private final Echo echo;

    FaultyEchoServer(Echo echo) throws IOException {
        this(socket -> socket, echo);
    }

    FaultyEchoServer(Front front, Echo echo) throws IOException {
        this(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), front, echo);
    }

    FaultyEchoServer(InetSocketAddress address, Front front, Echo echo) throws IOException {
        this.listener = new ServerSocket(address.getPort(), 50, address.getAddress());
        this.front = front;
        this.echo = echo;
        Thread.ofVirtual().start(this::accept);
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    private void accept() {
        try {
            for (int number = 0; ; number++) {
                int own = number;
                Socket socket = listener.accept();
                socket.setTcpNoDelay(true);
                sockets.add(socket);
                if (listener.isClosed()) {
                    socket.close(); // an accept may still succeed while the listener is closing
                    return;
                }
                Thread.ofVirtual().start(() -> serve(own, socket));
            }
        } catch (IOException e) {
            // The listener was closed: the test is over.
        }
    }

    private void serve(int number, Socket accepted) {
        try (accepted) {
            try (Socket socket = front.open(accepted)) {
                echo(new Peer(number, socket));
            } catch (SSLException e) {
                // Closing immediately would send a reset, which may overtake the alert.
                accepted.getInputStream().transferTo(OutputStream.nullOutputStream());
            }
        } catch (IOException e) {
            // The probe or the fault has closed the connection.
        }
    }

    private void echo(Peer peer) throws IOException {
        InputStream in = peer.socket.getInputStream();
        byte[] buffer = new byte[4096];
        long before = 0;
        int count = in.read(buffer);
        while (count > 0) {
            byte[] bytes = new byte[count];
            System.arraycopy(buffer, 0, bytes, 0, count);
            echo.answer(peer, bytes, before);
            before += count;
            count = in.read(buffer);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
