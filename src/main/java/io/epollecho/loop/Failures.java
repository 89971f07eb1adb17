package io.epollecho.loop;

/** Decides which failures of a handler, a task or a timer the loop survives. */
final class Failures {

    private Failures() {}

    /**
     * Rethrows what leaves the virtual machine unusable. Memory or stack that one handler has used
     * up is available again once its frames are gone.
     */
    static void throwIfFatal(Throwable cause) {
        if (cause instanceof VirtualMachineError error
                && !(cause instanceof OutOfMemoryError)
                && !(cause instanceof StackOverflowError)) {
            throw error;
        }
    }
}
