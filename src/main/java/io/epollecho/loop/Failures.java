package io.epollecho.loop;

/** The rule that decides which failures of handlers, tasks and timers end the loop. */
final class Failures {

    private Failures() {}

    /**
     * Loads this class and lets it find the classes it compares with. Neither must happen for the
     * first time when memory is short: the lack of memory would replace the failure.
     */
    static void load() {
        throwIfFatal(new OutOfMemoryError());
        throwIfFatal(new StackOverflowError());
    }

    /**
     * Rethrows errors that leave the virtual machine unusable. Running out of memory or stack is
     * not one of them: what a handler used up is available again once it has returned.
     */
    static void throwIfFatal(Throwable cause) {
        if (cause instanceof VirtualMachineError error
                && !(cause instanceof OutOfMemoryError)
                && !(cause instanceof StackOverflowError)) {
            throw error;
        }
    }
}
