package io.epollecho.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;

/** A server with blocking sockets, each on a virtual thread. Argument: port. */
final class VirtualThreadServer {

    private static final int BUFFER_SIZE = 16 * 1024;

    private VirtualThreadServer() {}

    static void main(String[] args) throws IOException, InterruptedException {
        var listener = new ServerSocket(Integer.parseInt(args[0]), 4096);
        // Accept on a virtual thread as well, so that one carrier thread does all the work.
        Thread.startVirtualThread(() -> accept(listener)).join();
    }

    private static void accept(ServerSocket listener) {
        try (listener) {
            while (true) {
                Socket socket = listener.accept();
                Thread.startVirtualThread(() -> echo(socket));
            }
        } catch (IOException e) {
            System.err.println(e);
        }
    }

    private static void echo(Socket socket) {
        byte[] buffer = new byte[BUFFER_SIZE];
        try (socket) {
            socket.setTcpNoDelay(true);
            InputStream in = socket.getInputStream();
            OutputStream out = socket.getOutputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                out.write(buffer, 0, count);
            }
        } catch (IOException e) {
            // The client has disconnected.
        }
    }
}
