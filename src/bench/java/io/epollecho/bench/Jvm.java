package io.epollecho.bench;

import com.sun.management.ThreadMXBean;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;

import io.epollecho.bench.ClientProcess.FaultException;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** Measurements in a server's JVM, taken from outside so that servers need no changes. */
final class Jvm {

    private static final Pattern TOTAL = Pattern.compile("(?m)^Total +\\d+ +(\\d+)");

    /** Fillers, which the collector puts in place of dead objects and which must not be counted. */
    private static final Pattern FILLERS =
            Pattern.compile("(?m)^ *\\d+: +\\d+ +(\\d+) +\\S*(?:FillerElement|FillerObject)\\b");

    /** Threads that serve the benchmark's own inspection. */
    private static final Pattern OURS = Pattern.compile("(RMI|JMX|Attach) .*");

    private static final long FEW = 10_000;
    private static final long MANY = 70_000;

    private Jvm() {}

    /** Returns the size of all live objects in bytes. */
    static double heapAfterCollection(Server server) throws IOException {
        String jcmd = Tool.ofJdk("jcmd");
        String pid = String.valueOf(server.pid());
        String histogram = Tool.output(List.of(jcmd, pid, "GC.class_histogram"));
        Matcher total = TOTAL.matcher(histogram);
        if (!total.find()) {
            throw new FaultException("jcmd GC.class_histogram printed no total: " + histogram);
        }
        double fillers =
                FILLERS.matcher(histogram)
                        .results()
                        .mapToDouble(line -> Double.parseDouble(line.group(1)))
                        .sum();
        return Double.parseDouble(total.group(1)) - fillers;
    }

    /**
     * Returns the bytes that the server's threads allocate per echo. Compares two runs that differ
     * only in their length, so that allocation per connection cancels out.
     */
    static double allocatedPerEcho(Server server, ClientProcess client) throws IOException {
        Work work = Work.load(50, 64, 1);
        try (JMXConnector connector = connect(server)) {
            ThreadMXBean threads =
                    ManagementFactory.newPlatformMXBeanProxy(
                            connector.getMBeanServerConnection(),
                            ManagementFactory.THREAD_MXBEAN_NAME,
                            ThreadMXBean.class);
            client.run(server, work.counting(MANY));
            long atFirst = allocated(threads);
            client.run(server, work.counting(FEW));
            long afterFew = allocated(threads);
            client.run(server, work.counting(MANY));
            long afterMany = allocated(threads);
            long more = (afterMany - afterFew) - (afterFew - atFirst);
            return (double) Math.max(0, more) / (MANY - FEW);
        }
    }

    @SuppressWarnings("BanJNDI") // the address comes from a process that the benchmark started
    private static JMXConnector connect(Server server) throws IOException {
        try {
            VirtualMachine machine = VirtualMachine.attach(String.valueOf(server.pid()));
            try {
                var address = new JMXServiceURL(machine.startLocalManagementAgent());
                return JMXConnectorFactory.connect(address);
            } finally {
                machine.detach();
            }
        } catch (AttachNotSupportedException e) {
            throw new FaultException("Cannot attach to the JVM: " + e.getMessage());
        }
    }

    private static long allocated(ThreadMXBean threads) {
        long bytes = 0;
        for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
            if (thread != null && !OURS.matcher(thread.getThreadName()).matches()) {
                bytes += threads.getThreadAllocatedBytes(thread.getThreadId());
            }
        }
        return bytes;
    }
}
