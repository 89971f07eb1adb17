package io.epollecho.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Random;

/**
 * A socket that delivers and accepts a few bytes at a time, and sometimes none, like a slow
 * network.
 */
final class SteppedStream extends ForwardingStream {

    /** The maximum number of bytes per call. */
    enum Steps {
        WHOLE(Integer.MAX_VALUE, 8 << 20),
        ONE(1, 40_000),
        FEW(40, 300_000),
        MANY(5_000, 4 << 20);

        private final int longest;

        /** The amount of data that can be exchanged in a reasonable time. */
        final int mostData;

        Steps(int longest, int mostData) {
            this.longest = longest;
            this.mostData = mostData;
        }

        ByteStream over(SocketChannel channel, long seed) {
            ByteStream stream = new SocketStream(channel);
            return this == WHOLE ? stream : new SteppedStream(stream, longest, new Random(seed));
        }
    }

    private final int longest;
    private final Random random;
    private boolean drained;

    private SteppedStream(ByteStream below, int longest, Random random) {
        super(below);
        this.longest = longest;
        this.random = random;
    }

    private int step(int remaining) {
        return random.nextInt(10) == 0 ? 0 : Math.min(remaining, 1 + random.nextInt(longest));
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        int step = step(target.remaining());
        drained = false;
        if (step == 0) {
            return 0;
        }
        int limit = target.limit();
        target.limit(target.position() + step);
        try {
            int count = below.read(target);
            drained = count < step;
            return count;
        } finally {
            target.limit(limit);
        }
    }

    @Override
    public boolean isDrained() {
        return drained;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int limit = source.limit();
        source.limit(source.position() + step(source.remaining()));
        try {
            return below.write(source);
        } finally {
            source.limit(limit);
        }
    }
}
