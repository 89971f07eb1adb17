package io.epollecho.spring;

import io.epollecho.stream.Certificates;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A directory with tls.crt and tls.key in the layout of a Secret mounted by Kubernetes: both files
 * are symbolic links through {@code ..data}, itself a symbolic link to a timestamped directory,
 * which is replaced as a whole when the Secret changes.
 */
final class MountedSecret {

    private final Path directory;
    private int version;

    /** Mounts a first certificate for the given name in an empty directory. */
    MountedSecret(Path directory, String name) throws Exception {
        this.directory = directory;
        rotate(name);
        Files.createSymbolicLink(certificate(), Path.of("..data", "tls.crt"));
        Files.createSymbolicLink(key(), Path.of("..data", "tls.key"));
    }

    Path certificate() {
        return directory.resolve("tls.crt");
    }

    Path key() {
        return directory.resolve("tls.key");
    }

    /** Replaces the certificate with one for another name. */
    void rotate(String name) throws Exception {
        replace(fresh -> write(fresh, name));
    }

    /** Replaces the certificate with an invalid file. */
    void spoil() throws Exception {
        replace(
                fresh -> {
                    Files.writeString(fresh.resolve("tls.crt"), "not a certificate");
                    Files.writeString(fresh.resolve("tls.key"), "not a key");
                });
    }

    private interface Writer {

        void writeTo(Path fresh) throws Exception;
    }

    /** Replaces the files in the same way as the kubelet's AtomicWriter. */
    private void replace(Writer writer) throws Exception {
        Path data = directory.resolve("..data");
        Path old = Files.exists(data) ? data.toRealPath() : null;
        Path fresh = Files.createDirectory(directory.resolve("..2026_01_01_00_00." + ++version));
        writer.writeTo(fresh);
        Path link = Files.createSymbolicLink(directory.resolve("..data_tmp"), fresh.getFileName());
        Files.move(link, data, StandardCopyOption.ATOMIC_MOVE);
        if (old != null) {
            Files.delete(old.resolve("tls.crt"));
            Files.delete(old.resolve("tls.key"));
            Files.delete(old);
        }
    }

    /** Writes a new certificate for the given name and its key. */
    static void write(Path target, String name) throws Exception {
        Certificates.writeSelfSigned(target, name);
    }
}
