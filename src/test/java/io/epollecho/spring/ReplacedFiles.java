package io.epollecho.spring;

import java.nio.file.Files;
import java.nio.file.Path;

/** A directory with tls.crt and tls.key, which are replaced one after the other. */
final class ReplacedFiles {

    private final Path live;
    private final Path archive;
    private final Renewal renewal;
    private Path prepared;

    /** Creates the files with a certificate for the given name. */
    ReplacedFiles(Path directory, Renewal renewal, String name) throws Exception {
        this.live = Files.createDirectory(directory.resolve("live"));
        this.archive = Files.createDirectory(directory.resolve("archive"));
        this.renewal = renewal;
        this.prepared = create(name);
        renewal.install(certificate(), prepared.resolve("tls.crt"));
        renewal.install(key(), prepared.resolve("tls.key"));
    }

    Path certificate() {
        return live.resolve("tls.crt");
    }

    Path key() {
        return live.resolve("tls.key");
    }

    /** Creates a certificate for another name, with its own key. */
    void prepare(String name) throws Exception {
        prepared = create(name);
    }

    private Path create(String name) throws Exception {
        Path target = Files.createDirectory(archive.resolve(name));
        MountedSecret.write(target, name);
        return target;
    }

    /** Replaces one file by the one that was prepared. */
    void replace(String file) throws Exception {
        renewal.replace(live.resolve(file), prepared.resolve(file));
    }
}
