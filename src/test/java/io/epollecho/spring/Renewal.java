package io.epollecho.spring;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;

/** A way in which a tool replaces a file that a server watches. */
enum Renewal {

    /** The new file is written beside the old one and renamed, as most tools do. */
    RENAME {
        @Override
        void install(Path file, Path content) throws IOException {
            Files.copy(content, file);
        }

        @Override
        void replace(Path file, Path content) throws IOException {
            Path fresh = file.resolveSibling(file.getFileName() + ".tmp");
            Files.copy(content, fresh, StandardCopyOption.REPLACE_EXISTING);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        }
    },

    /** The file is truncated and written again, as a shell's redirection does. */
    IN_PLACE {
        @Override
        void install(Path file, Path content) throws IOException {
            Files.copy(content, file);
        }

        @Override
        void replace(Path file, Path content) throws IOException {
            Files.write(file, Files.readAllBytes(content));
        }
    },

    /** The file is a symbolic link into an archive, and gets a new target, as with certbot. */
    LINK {
        @Override
        void install(Path file, Path content) throws IOException {
            Path directory = Objects.requireNonNull(file.getParent());
            Files.createSymbolicLink(file, directory.relativize(content));
        }

        @Override
        void replace(Path file, Path content) throws IOException {
            Files.delete(file);
            install(file, content);
        }
    };

    /** Creates the file with the content of another one, which stays where it is. */
    abstract void install(Path file, Path content) throws IOException;

    /** Replaces the file. */
    abstract void replace(Path file, Path content) throws IOException;
}
