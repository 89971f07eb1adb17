package io.epollecho.server;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** One step in the script of a {@link RandomPeer}, which takes one or more turns. */
sealed interface Step {

    /** Sends bytes in pieces, one per turn. Reads only if the socket is full. */
    record Send(int length, int piece) implements Step {}

    /** Sends bytes without reading until all are sent or the socket is full. */
    record Push(int length) implements Step {}

    /** Sends one byte as urgent data; see tcp(7). */
    record Urgent() implements Step {}

    /**
     * Reads up to {@code length} bytes of the outstanding echo, at most {@code atOnce} per turn.
     */
    record Take(int length, int atOnce) implements Step {}

    /** Reads the complete outstanding echo. */
    record CatchUp() implements Step {}

    /** Does nothing for a number of turns. */
    record Pause(int turns) implements Step {}

    /** Ends the stream to the server. */
    record EndOutput() implements Step {}

    /** Reads the outstanding echo and the end of the stream, then closes the connection. */
    record TakeToEnd() implements Step {}

    /** Closes the connection, regardless of outstanding bytes. */
    record Close() implements Step {}

    /** Resets the connection. */
    record Reset() implements Step {}

    /** Returns a random sequence of steps that ends by closing the connection. */
    static List<Step> script(SplittableRandom random) {
        var steps = new ArrayList<Step>();
        int count = random.nextInt(12);
        for (int i = 0; i < count; i++) {
            steps.add(exchange(random, i == 0));
        }
        int end = random.nextInt(10);
        if (end < 7) {
            steps.add(new EndOutput());
            while (random.nextInt(3) == 0) {
                steps.add(random.nextBoolean() ? pause(random) : take(random));
            }
        }
        if (end > 3 && random.nextBoolean()) {
            steps.add(new CatchUp());
        }
        steps.add(end < 6 ? new TakeToEnd() : end < 8 ? new Reset() : new Close());
        return steps;
    }

    private static Step exchange(SplittableRandom random, boolean first) {
        return switch (random.nextInt(first ? 5 : 12)) {
            case 0, 1 -> new Send(size(random, 64 * 1024), 64 * 1024);
            case 2 -> {
                int length = size(random, 4 * 1024);
                yield new Send(length, 1 + random.nextInt(1 + length / 2));
            }
            case 3 -> new Push(size(random, 256 * 1024));
            case 4, 5 -> pause(random);
            case 6, 7 -> take(random);
            case 8, 9 -> new CatchUp();
            default -> new Urgent();
        };
    }

    private static Step pause(SplittableRandom random) {
        return new Pause(size(random, 200));
    }

    private static Step take(SplittableRandom random) {
        return new Take(size(random, 64 * 1024), size(random, 8 * 1024));
    }

    /** Returns a random size, distributed logarithmically. */
    private static int size(SplittableRandom random, int largest) {
        return (int) Math.exp(random.nextDouble() * Math.log(largest));
    }
}
