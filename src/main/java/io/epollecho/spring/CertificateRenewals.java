package io.epollecho.spring;

import java.util.concurrent.atomic.LongAdder;

/**
 * Counts how often SSL bundles of listeners were reloaded. Thread-safe.
 *
 * <p>A failure that happens before the bundle is replaced, such as a file that cannot be read, is
 * logged by Spring Boot and not counted here.
 */
public final class CertificateRenewals {

    private final LongAdder succeeded = new LongAdder();
    private final LongAdder failed = new LongAdder();

    /** Creates counters of zero renewals. */
    public CertificateRenewals() {}

    void succeed() {
        succeeded.increment();
    }

    void fail() {
        failed.increment();
    }

    /**
     * Returns the number of renewed bundles that new connections have used since.
     *
     * @return the number since the start
     */
    public long succeeded() {
        return succeeded.sum();
    }

    /**
     * Returns the number of renewed bundles that could not be used, so that new connections still
     * use the previous state.
     *
     * @return the number since the start
     */
    public long failed() {
        return failed.sum();
    }
}
