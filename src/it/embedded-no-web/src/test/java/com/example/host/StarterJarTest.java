package com.example.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.server.EchoServer;

import org.junit.jupiter.api.Test;
import org.springframework.util.ClassUtils;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;

/** Tests for the starter's jar with no other libraries than its own dependencies. */
class StarterJarTest {

    private static final String CONDITIONAL_PACKAGE = "io.epollecho.spring.actuate.";
    private static final Pattern MISSING = Pattern.compile("(?m)^ +(\\S+) +-> +\\S+ +not found$");

    @Test
    void onlyTheConditionalPackageNeedsOtherLibraries() throws Exception {
        assertThat(classesWithMissingDependencies())
                .isNotEmpty()
                .allMatch(name -> name.startsWith(CONDITIONAL_PACKAGE));
    }

    @Test
    void skipsTheConditionalPackageWithoutThem() throws Exception {
        try (var jar = new JarFile(starter().toFile())) {
            Properties conditions = conditions(jar);
            assertThat(autoConfigurations(jar))
                    .filteredOn(name -> name.startsWith(CONDITIONAL_PACKAGE))
                    .isNotEmpty()
                    .allSatisfy(
                            name ->
                                    assertThat(requiredClasses(conditions, name))
                                            .as(name)
                                            .anyMatch(required -> !isPresent(required)));
        }
    }

    private static Set<String> classesWithMissingDependencies() throws Exception {
        ToolProvider jdeps = ToolProvider.findFirst("jdeps").orElseThrow();
        var output = new StringWriter();
        int exitCode =
                jdeps.run(
                        new PrintWriter(output),
                        new PrintWriter(output),
                        "--multi-release=base",
                        "--missing-deps",
                        "--class-path=" + System.getProperty("runtime.classpath"),
                        starter().toString());
        assertThat(exitCode).as("%s", output).isZero();
        var names = new TreeSet<String>();
        MISSING.matcher(output.toString()).results().forEach(line -> names.add(line.group(1)));
        return names;
    }

    private static Path starter() throws Exception {
        return Path.of(
                EchoServer.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    }

    /** Returns the conditions that Spring Boot reads before it loads an auto-configuration. */
    private static Properties conditions(JarFile jar) throws IOException {
        var conditions = new Properties();
        try (InputStream entry = open(jar, "META-INF/spring-autoconfigure-metadata.properties")) {
            conditions.load(entry);
        }
        return conditions;
    }

    private static List<String> requiredClasses(Properties conditions, String name) {
        String classNames = conditions.getProperty(name + ".ConditionalOnClass");
        return classNames == null ? List.of() : List.of(classNames.split(","));
    }

    private static List<String> autoConfigurations(JarFile jar) throws IOException {
        try (InputStream entry =
                open(
                        jar,
                        "META-INF/spring/org.springframework.boot.autoconfigure.AutoConfiguration.imports")) {
            return new String(entry.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    private static InputStream open(JarFile jar, String name) throws IOException {
        return jar.getInputStream(jar.getEntry(name));
    }

    private static boolean isPresent(String className) {
        return ClassUtils.isPresent(className, StarterJarTest.class.getClassLoader());
    }
}
