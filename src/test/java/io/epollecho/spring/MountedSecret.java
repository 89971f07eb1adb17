package io.epollecho.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;

/**
 * A directory with tls.crt and tls.key in the layout of a Secret mounted by Kubernetes: both files
 * are symbolic links through {@code ..data}, itself a symbolic link to a timestamped directory,
 * which is replaced as a whole when the Secret changes.
 */
final class MountedSecret {

    private static final String PASSWORD = "changeit";
    private static final String ALIAS = "tls";

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
        Path store = Files.createTempDirectory("key").resolve("store.p12");
        keytool(store, name);
        var keys = load(store);
        Files.delete(store);
        Files.delete(store.getParent());
        Files.writeString(
                target.resolve("tls.crt"),
                pem("CERTIFICATE", keys.getCertificate(ALIAS).getEncoded()));
        Files.writeString(
                target.resolve("tls.key"),
                pem("PRIVATE KEY", keys.getKey(ALIAS, PASSWORD.toCharArray()).getEncoded()));
    }

    private static void keytool(Path store, String name) throws Exception {
        Process process =
                new ProcessBuilder(
                                List.of(
                                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                                .toString(),
                                        "-genkeypair",
                                        "-alias",
                                        ALIAS,
                                        "-dname",
                                        "CN=" + name,
                                        "-keyalg",
                                        "EC",
                                        "-groupname",
                                        "secp256r1",
                                        "-keystore",
                                        store.toString(),
                                        "-storepass",
                                        PASSWORD))
                        .redirectErrorStream(true)
                        .start();
        String output = String.join("\n", process.inputReader().readAllLines());
        assertThat(process.waitFor()).as(output).isZero();
    }

    private static KeyStore load(Path store) throws IOException, GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        return keys;
    }

    private static String pem(String type, byte[] content) {
        return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
                .formatted(type, Base64.getMimeEncoder().encodeToString(content), type);
    }
}
