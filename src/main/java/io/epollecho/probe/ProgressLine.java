package io.epollecho.probe;

import java.io.PrintWriter;
import java.util.Locale;

/** Shows how a probe goes: on a terminal in one line that changes, elsewhere in a line a second. */
final class ProgressLine implements ProbeListener, AutoCloseable {

    private final PrintWriter out;
    private final boolean inPlace;
    private boolean unfinished;

    ProgressLine(PrintWriter out, boolean inPlace) {
        this.out = out;
        this.inPlace = inPlace;
    }

    @Override
    public void interval(ProbeInterval interval) {
        if (!interval.complete()) {
            return;
        }
        String line =
                String.format(
                        Locale.ROOT,
                        "%4d s  connections %d  messages/s %.0f  wrong bytes %d  failures %d",
                        interval.elapsed().toSeconds(),
                        interval.open(),
                        interval.messagesPerSecond(),
                        interval.wrongBytes(),
                        interval.lost());
        if (inPlace) {
            out.print("\r" + line + "\u001B[K"); // and clears what an earlier line left behind it
            out.flush();
            unfinished = true;
        } else {
            out.println(line);
        }
    }

    @Override
    public void outageBegan(Outage outage) {
        close();
        out.println(OutageText.of(outage));
    }

    @Override
    public void outageEnded(Outage outage) {
        close();
        out.println(OutageText.of(outage));
    }

    /** Leaves the line. */
    @Override
    public void close() {
        if (unfinished) {
            out.println();
            unfinished = false;
        }
    }
}
