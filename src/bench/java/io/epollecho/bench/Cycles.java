package io.epollecho.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Clients that repeatedly connect, have one message echoed, and close the connection. */
final class Cycles {

    /** Number of loopback addresses. With only one, ports in TIME_WAIT would run out. */
    private static final int ADDRESSES = 200;

    private static final long SILENCE_MILLIS = 10_000;

    private final Client.CpuTime cpu;
    private final Work work;
    private final List<InetSocketAddress> addresses = new ArrayList<>();
    private final ByteBuffer message;
    private final ByteBuffer received;
    private final Selector selector = Selector.open();
    private final Set<SocketChannel> open = new HashSet<>();
    private long completed;
    private int next;
    private String fault = "";

    Cycles(long pid, int port, Work work) throws IOException {
        this.cpu = new Client.CpuTime(pid);
        this.work = work;
        this.message = ByteBuffer.allocateDirect(work.size());
        this.received = ByteBuffer.allocateDirect(work.size() + 1);
        for (int i = 1; i <= ADDRESSES; i++) {
            byte[] address = {127, 0, 0, (byte) i};
            addresses.add(new InetSocketAddress(InetAddress.getByAddress(address), port));
        }
        for (int i = 0; i < work.size(); i++) {
            message.put(i, (byte) (i * 31));
        }
    }

    Outcome run() throws IOException {
        try (selector) {
            for (int i = 0; i < work.connections(); i++) {
                connect();
            }
            runFor(work.warmupMillis());
            cpu.measuring();
            completed = 0;
            long start = System.nanoTime();
            runFor(work.millis());
            long nanos = System.nanoTime() - start;
            cpu.measured();
            return new Outcome(completed, nanos, cpu.used(), 0, 0, 0, fault);
        } finally {
            for (SocketChannel channel : open) {
                channel.close();
            }
        }
    }

    private void runFor(long millis) throws IOException {
        long end = System.nanoTime() + Duration.ofMillis(millis).toNanos();
        while (System.nanoTime() < end && fault.isEmpty()) {
            if (selector.select(this::ready, SILENCE_MILLIS) == 0) {
                fault = "no answer";
            }
        }
    }

    private void connect() throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        open.add(channel);
        next = (next + 1) % addresses.size();
        if (channel.connect(addresses.get(next))) {
            connected(channel.register(selector, SelectionKey.OP_READ));
        } else {
            channel.register(selector, SelectionKey.OP_CONNECT);
        }
    }

    private void connected(SelectionKey key) throws IOException {
        key.interestOps(SelectionKey.OP_READ);
        message.clear();
        if (((SocketChannel) key.channel()).write(message) < work.size()) {
            fault = "a new connection accepted only part of its message";
        }
    }

    private void ready(SelectionKey key) {
        try {
            var channel = (SocketChannel) key.channel();
            if (key.isConnectable()) {
                if (channel.finishConnect()) {
                    connected(key);
                }
                return;
            }
            // A message of this size arrives in one piece.
            channel.read(received.clear());
            if (received.flip().mismatch(message.clear()) != -1) {
                fault = "wrong bytes were echoed";
            }
            channel.close();
            open.remove(channel);
            completed++;
            connect();
        } catch (IOException e) {
            fault = e.toString();
        }
    }
}
