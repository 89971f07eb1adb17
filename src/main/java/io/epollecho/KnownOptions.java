package io.epollecho;

import io.epollecho.spring.EchoServerProperties;

import org.springframework.boot.json.JsonParser;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The properties of Spring Boot and of libraries in the runnable jar, from the metadata that they
 * contain for editors.
 */
final class KnownOptions {

    private static final String METADATA = "classpath*:META-INF/spring-configuration-metadata.json";

    /** Properties that have any name, and are in no metadata. */
    private static final String INFO = "info.";

    private final Set<String> names = new TreeSet<>();

    /** The prefixes of properties with further names, such as {@code logging.level.}. */
    private final Set<String> maps = new TreeSet<>();

    private KnownOptions() {
        maps.add(INFO);
    }

    /** Reads the metadata of all jars. */
    static KnownOptions read() {
        var known = new KnownOptions();
        JsonParser parser = JsonParserFactory.getJsonParser();
        try {
            for (Resource file : new PathMatchingResourcePatternResolver().getResources(METADATA)) {
                known.add(parser.parseMap(file.getContentAsString(StandardCharsets.UTF_8)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return known;
    }

    private void add(Map<String, Object> metadata) {
        for (Object property : (List<?>) metadata.getOrDefault("properties", List.of())) {
            if (property instanceof Map<?, ?> described
                    && described.get("name") instanceof String name
                    && !name.startsWith(EchoServerProperties.PREFIX)) {
                names.add(name);
                if (described.get("type") instanceof String type
                        && (type.startsWith("java.util.Map")
                                || type.equals("java.util.Properties"))) {
                    maps.add(uniform(name) + ".");
                }
            }
        }
    }

    /** Returns whether a property of this name exists, in any form that Spring Boot understands. */
    boolean contains(String name) {
        String uniform = uniform(name.replaceAll("\\[[^\\]]*]", ""));
        return names.stream().anyMatch(known -> uniform(known).equals(uniform))
                || maps.stream().anyMatch(map -> uniform.startsWith(map) || isElement(name, map));
    }

    /** Returns whether a name is an element of a map in brackets, such as {@code map[key]}. */
    private static boolean isElement(String name, String map) {
        return uniform(name).startsWith(map.substring(0, map.length() - 1) + "[");
    }

    /** Returns the names of these properties. */
    Set<String> names() {
        return Collections.unmodifiableSet(names);
    }

    private static String uniform(String name) {
        return name.toLowerCase(Locale.ROOT).replace("-", "").replace("_", "");
    }
}
