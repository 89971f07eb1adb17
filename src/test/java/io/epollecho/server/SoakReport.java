package io.epollecho.server;

import io.epollecho.ProcessFigures;
import io.epollecho.Stopwatch;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/** The results of a soak test, as a table in {@code target/soak}. */
final class SoakReport {

    private static final Path FILE = Path.of("target", "soak", "soak.md");

    private final List<Row> rows = new ArrayList<>();

    /** Begins a row. The server's current resources are the limit for the end of the row. */
    Row begin(String what, ProcessFigures server, long descriptors) throws IOException {
        var row = new Row(what, server.residentBytes(), descriptors);
        rows.add(row);
        return row;
    }

    /** Writes the results so far, in case the soak test is aborted. */
    void write() throws IOException {
        var table = new StringBuilder();
        table.append(
                """
                | what, on | connections | MB echoed | seconds | resident MB before | after \
                | descriptors before | after | errors |
                |---|---:|---:|---:|---:|---:|---:|---:|---:|
                """);
        for (Row row : rows) {
            table.append(row).append('\n');
        }
        Files.createDirectories(FILE.getParent());
        Files.writeString(FILE, table);
    }

    /** The work done. Thread-safe. */
    static final class Tally {

        private final AtomicLong connections = new AtomicLong();
        private final AtomicLong bytes = new AtomicLong();

        void add(long moreConnections, long moreBytes) {
            connections.addAndGet(moreConnections);
            bytes.addAndGet(moreBytes);
        }
    }

    static final class Row {

        private final String what;
        private final long residentBefore;
        private final long descriptorsBefore;
        private final Stopwatch watch = Stopwatch.start();
        private final Tally tally = new Tally();
        private Duration taken = Duration.ZERO;
        private long residentAfter;
        private long descriptorsAfter;
        private @Nullable Throwable failure;

        private Row(String what, long residentBefore, long descriptorsBefore) {
            this.what = what;
            this.residentBefore = residentBefore;
            this.descriptorsBefore = descriptorsBefore;
        }

        Tally tally() {
            return tally;
        }

        void end(ProcessFigures server, long descriptors) throws IOException {
            taken = watch.elapsed();
            residentAfter = server.residentBytes();
            descriptorsAfter = descriptors;
        }

        void failed(Throwable e) {
            taken = watch.elapsed();
            failure = e;
        }

        long residentBefore() {
            return residentBefore;
        }

        long residentAfter() {
            return residentAfter;
        }

        long descriptorsBefore() {
            return descriptorsBefore;
        }

        long descriptorsAfter() {
            return descriptorsAfter;
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "| %s | %,d | %,.1f | %d | %.1f | %.1f | %d | %d | %s |",
                    what,
                    tally.connections.get(),
                    tally.bytes.get() / 1e6,
                    taken.toSeconds(),
                    residentBefore / 1e6,
                    residentAfter / 1e6,
                    descriptorsBefore,
                    descriptorsAfter,
                    failure == null ? "0" : failure);
        }
    }
}
