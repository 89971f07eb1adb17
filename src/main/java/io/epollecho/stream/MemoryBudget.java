package io.epollecho.stream;

/**
 * The memory that the peers of one event loop make the server keep: a single number and its limit.
 *
 * <p>Whoever is about to keep bytes for a peer adds them here first. If they do not fit, {@link
 * Reclaimer} frees memory before they are added, so that the total exceeds the limit only if
 * nothing is left to free.
 *
 * <p>Must be used by one thread only.
 */
public final class MemoryBudget {

    /** Frees memory by closing connections. */
    public interface Reclaimer {

        /**
         * Frees memory until {@link #missing} returns 0 for the given number of bytes, or nothing
         * is left to free. Called from within a method of the borrower's stream.
         *
         * @param borrower the account of the connection that needs the memory, which must stay open
         * @param bytes the number of bytes that it needs
         */
        void reclaim(Account borrower, long bytes);
    }

    /** The memory that the layers of one connection keep. */
    public static final class Account {

        private final MemoryBudget budget;
        private int bytes;

        private Account(MemoryBudget budget) {
            this.budget = budget;
        }

        /**
         * Returns the memory that the layers of this connection keep.
         *
         * @return the number of bytes
         */
        public int bytes() {
            return bytes;
        }

        void add(int more) {
            if (budget.missing(more) > 0) {
                budget.reclaimer.reclaim(this, more);
            }
            budget.add(more);
            bytes += more;
        }

        void remove(int fewer) {
            budget.remove(fewer);
            bytes -= fewer;
        }
    }

    private final long limit;
    private final Reclaimer reclaimer;
    private long used;

    /**
     * Creates a budget of which nothing is used.
     *
     * @param limit the limit in bytes
     * @param reclaimer frees memory when the limit is reached
     */
    public MemoryBudget(long limit, Reclaimer reclaimer) {
        this.limit = limit;
        this.reclaimer = reclaimer;
    }

    /**
     * Returns a budget without a limit.
     *
     * @return a new budget
     */
    public static MemoryBudget unlimited() {
        return new MemoryBudget(Long.MAX_VALUE, (borrower, bytes) -> {});
    }

    /**
     * Opens the account of a connection.
     *
     * @return an account with no bytes
     */
    public Account newAccount() {
        return new Account(this);
    }

    /**
     * Returns the limit.
     *
     * @return the limit in bytes
     */
    public long limit() {
        return limit;
    }

    /**
     * Returns the memory in use.
     *
     * @return the number of bytes
     */
    public long used() {
        return used;
    }

    /**
     * Returns how much memory must be freed before the given number of bytes fits.
     *
     * @param bytes the number of bytes to add
     * @return the number of bytes; 0 if they fit now
     */
    public long missing(long bytes) {
        return Math.max(0, bytes - (limit - used));
    }

    /**
     * Adds bytes that are kept outside the layers of a connection. Does not check the limit.
     *
     * @param bytes the number of bytes
     */
    public void add(long bytes) {
        used += bytes;
    }

    /**
     * Removes bytes that are no longer kept.
     *
     * @param bytes the number of bytes
     */
    public void remove(long bytes) {
        used -= bytes;
    }
}
