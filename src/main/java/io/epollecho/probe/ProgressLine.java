package io.epollecho.probe;

import java.io.PrintWriter;
import java.util.Locale;

/** Shows progress: on a terminal in one line that is updated, elsewhere in one line per second. */
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
            out.print("\r" + line + "\u001B[K"); // clear the rest of a longer previous line
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

    /** Ends the current line. */
    @Override
    public void close() {
        if (unfinished) {
            out.println();
            unfinished = false;
        }
    }
}
