package io.epollecho;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Free ports of this machine, for servers whose port must be known before they start, and for peers
 * that nobody answers.
 */
public final class Ports {

    /**
     * Below the ephemeral ports, see ip_local_port_range in ip(7). Another process could get one of
     * those from the kernel before the test uses it.
     */
    private static final int FIRST = 20_000;

    private static final int END = 32_000;

    private static final Set<Integer> TAKEN = ConcurrentHashMap.newKeySet();

    private Ports() {}

    /**
     * Returns a port that is free on all addresses and that no other test in this process gets.
     * Another process would have to choose the same one by chance.
     */
    public static int free() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, END);
            if (TAKEN.add(port) && isFree(port)) {
                return port;
            }
        }
    }

    private static boolean isFree(int port) {
        try {
            new ServerSocket(port).close();
            return true;
        } catch (IOException e) {
            return false; // in use
        }
    }
}
