package io.epollecho.server;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** One thing that a {@link RandomPeer} does, in one or more of its turns. */
sealed interface Step {

    /** Sends so many bytes in pieces, one a turn; takes echo in only if the socket is full. */
    record Send(int length, int piece) implements Step {}

    /** Sends without taking anything in, until it was so much or the socket is full. */
    record Push(int length) implements Step {}

    /** Sends one byte as urgent data, see tcp(7). */
    record Urgent() implements Step {}

    /** Takes so many bytes in if so many are owed, a few each turn. */
    record Take(int length, int atOnce) implements Step {}

    /** Takes in all that is owed. */
    record CatchUp() implements Step {}

    /** Does nothing for so many turns: others have theirs meanwhile. */
    record Pause(int turns) implements Step {}

    /** Ends the stream to the server. */
    record EndOutput() implements Step {}

    /** Takes in all that is owed and the end of the stream, and closes. */
    record TakeToEnd() implements Step {}

    /** Closes, in whatever state everything is. */
    record Close() implements Step {}

    /** Resets the connection. */
    record Reset() implements Step {}

    /** Any sequence of steps, the last of which closes the connection. */
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

    /** As many small sizes as large ones. */
    private static int size(SplittableRandom random, int largest) {
        return (int) Math.exp(random.nextDouble() * Math.log(largest));
    }
}
