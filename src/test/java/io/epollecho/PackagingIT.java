package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.DataInputStream;
import java.io.IOException;
import java.util.Objects;
import java.util.jar.JarFile;

/** Tests for the contents of the two jars. */
class PackagingIT {

    @Test
    void plainJarContainsNothingThatConfiguresItsHost() throws IOException {
        try (JarFile jar = open("epoll-echo.plain-jar")) {
            assertThat(jar.stream().map(entry -> entry.getName()))
                    .contains("META-INF/MANIFEST.MF")
                    .noneMatch(
                            name ->
                                    name.startsWith("application")
                                            || name.startsWith("META-INF/sbom"))
                    .doesNotContain(
                            "META-INF/build-info.properties",
                            "io/epollecho/EpollEchoApplication.class");
        }
    }

    /** Derived from the file's name, it would change with every version. */
    @Test
    void plainJarHasTheNameOfItsModule() throws IOException {
        try (JarFile jar = open("epoll-echo.plain-jar")) {
            assertThat(jar.getManifest().getMainAttributes().getValue("Automatic-Module-Name"))
                    .isEqualTo("io.epollecho");
        }
    }

    /**
     * The probe requires libraries that the starter does not depend on, and the status page would
     * occupy the host's root path.
     */
    @Test
    void onlyExecJarHasTheProbeAndTheStatusPage() throws IOException {
        try (JarFile plain = open("epoll-echo.plain-jar");
                JarFile exec = open("epoll-echo.exec-jar")) {
            assertThat(plain.stream().map(entry -> entry.getName()))
                    .noneMatch(
                            name ->
                                    name.contains("/probe/")
                                            || name.contains("/page/")
                                            || name.startsWith("BOOT-INF/lib/reactor-"));
            assertThat(exec.stream().map(entry -> entry.getName()))
                    .contains(
                            "BOOT-INF/classes/io/epollecho/probe/ProbeCommand.class",
                            "BOOT-INF/classes/io/epollecho/spring/page/index.html")
                    .anyMatch(name -> name.startsWith("BOOT-INF/lib/uplot-"));
        }
    }

    @Test
    void execJarStartsTheApplicationWithNativeAccess() throws IOException {
        try (JarFile jar = open("epoll-echo.exec-jar")) {
            assertThat(jar.getManifest().getMainAttributes().getValue("Start-Class"))
                    .isEqualTo(EpollEchoApplication.class.getName());
            assertThat(jar.getManifest().getMainAttributes().getValue("Enable-Native-Access"))
                    .isEqualTo("ALL-UNNAMED");
        }
    }

    /** Any Java from 8 on can load it, and say that it is too old. */
    @Test
    void execJarHasALauncherForOldJava() throws IOException {
        String launcher = "io/epollecho/launcher/Launcher";
        try (JarFile jar = open("epoll-echo.exec-jar");
                var code =
                        new DataInputStream(
                                jar.getInputStream(jar.getEntry(launcher + ".class")))) {
            assertThat(jar.getManifest().getMainAttributes().getValue("Main-Class"))
                    .isEqualTo(launcher.replace('/', '.'));
            assertThat(code.readInt()).isEqualTo(0xCAFEBABE);
            assertThat(code.readUnsignedShort()).as("minor version").isZero();
            assertThat(code.readUnsignedShort()).as("major version, Java 8").isEqualTo(52);
        }
    }

    @Test
    void execJarContainsWebActuatorAndPrometheus() throws IOException {
        try (JarFile jar = open("epoll-echo.exec-jar")) {
            assertThat(jar.stream().map(entry -> entry.getName()))
                    .contains(
                            "META-INF/sbom/application.cdx.json",
                            "META-INF/build-info.properties",
                            "BOOT-INF/layers.idx")
                    .anyMatch(name -> name.startsWith("BOOT-INF/lib/spring-webmvc-"))
                    .anyMatch(
                            name ->
                                    name.startsWith(
                                            "BOOT-INF/lib/spring-boot-actuator-autoconfigure-"))
                    .anyMatch(
                            name ->
                                    name.startsWith(
                                            "BOOT-INF/lib/micrometer-registry-prometheus-"));
        }
    }

    private static JarFile open(String property) throws IOException {
        return new JarFile(Objects.requireNonNull(System.getProperty(property), property));
    }
}
