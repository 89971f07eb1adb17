package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * A stream that keeps the reason why it could not be written, because the print streams and writers
 * above it only know that something failed.
 */
final class CheckedOutput extends FilterOutputStream {

    private final String name;
    private @Nullable IOException failure;

    /**
     * Creates a stream.
     *
     * @param name the name of the output in error messages
     */
    CheckedOutput(String name, OutputStream out) {
        super(out);
        this.name = name;
    }

    /**
     * Verifies that everything flushed so far has been written.
     *
     * @throws OutputException if it has not
     */
    void check() {
        if (failure != null) {
            throw new OutputException(name, failure);
        }
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    @Override
    public void flush() throws IOException {
        try {
            out.flush();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            out.close();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private IOException failed(IOException e) {
        if (failure == null) {
            failure = e;
        }
        return e;
    }
}
