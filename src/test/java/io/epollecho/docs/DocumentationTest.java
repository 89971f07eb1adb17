package io.epollecho.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.server.CloseReason;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.RejectReason;
import io.epollecho.server.Setting;
import io.epollecho.server.TlsConfig;
import io.epollecho.spring.CertificateRenewals;
import io.epollecho.spring.EchoServerPropertyNames;
import io.epollecho.spring.actuate.EchoServerMetrics;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import javax.net.ssl.SSLContext;

/** The documentation against the code: tables, links, and paths that the text names. */
class DocumentationTest {

    private static final Path README = Path.of("README.md");
    private static final Path CONFIGURATION = Path.of("src/docs/configuration.md");
    private static final Path OPERATIONS = Path.of("src/docs/operations.md");

    private static final int README_LIMIT = 8 * 1024;

    private static final String FURTHER_LISTENERS = "listeners.<name>.…";

    private static final Pattern HEADING = Pattern.compile("#{1,6} (.+)");
    private static final Pattern CODE = Pattern.compile("`[^`]*`");
    private static final Pattern LINK = Pattern.compile("\\[[^\\]]*]\\(([^)\\s]+)\\)");
    private static final Pattern PATH =
            Pattern.compile("`((?:src|helm|\\.ci|\\.github|\\.mvn)/[^`\\s]+)`");
    private static final Pattern METER =
            Pattern.compile("`(echo\\.server\\.[a-z.]+(?:\\{[a-z,]+})?)`");

    /** Returns all pages of the project. */
    static List<Path> pages() throws IOException {
        var pages = new ArrayList<Path>();
        for (String root : List.of("README.md", "CHANGELOG.md", ".github", "helm", "src")) {
            try (Stream<Path> files = Files.walk(Path.of(root))) {
                files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
            }
        }
        return pages;
    }

    @Test
    void readmeIsShortAndNamesTheCommands() throws IOException {
        assertThat(Files.size(README)).isLessThanOrEqualTo(README_LIMIT);
        assertThat(Files.readString(README)).contains("./mvnw -Prun", "./mvnw verify");
    }

    @Test
    void configurationDescribesEveryPropertyWithItsDefaultAndRange() throws IOException {
        List<List<String>> rows =
                table(CONFIGURATION, "Properties").stream()
                        .filter(row -> !plain(row.getFirst()).equals(FURTHER_LISTENERS))
                        .toList();
        List<Setting<?>> settings = EchoServerPropertyNames.settings();
        assertThat(rows)
                .extracting(row -> plain(row.getFirst()))
                .containsExactlyElementsOf(settings.stream().map(Setting::key).toList());
        for (int i = 0; i < settings.size(); i++) {
            assertDescribes(rows.get(i), settings.get(i));
        }
    }

    private static void assertDescribes(List<String> row, Setting<?> setting) {
        String defaultText = setting.defaultText();
        if (defaultText != null) {
            assertThat(row.get(1)).as("default of %s", setting).isEqualTo("`" + defaultText + "`");
        }
        // The table leaves out the remarks that follow the range.
        assertThat(setting.allowed())
                .as("allowed values of %s", setting)
                .matches(Pattern.quote(plain(row.get(2))) + "([ ,].*)?");
        assertThat(row.get(3)).as("meaning of %s", setting).endsWith(".");
    }

    @Test
    void operationsDescribesEveryMeterWithItsTagsAndType()
            throws IOException, NoSuchAlgorithmException {
        var described = new ArrayList<String>();
        for (List<String> row : table(OPERATIONS, "Meters")) {
            METER.matcher(row.getFirst())
                    .results()
                    .forEach(meter -> described.add(meter.group(1) + " " + row.get(1)));
        }
        var registry = new SimpleMeterRegistry();
        // One listener with TLS has all meters.
        EchoServerConfig config =
                EchoServerConfig.builder().tls(TlsConfig.of(SSLContext.getDefault())).build();
        new EchoServerMetrics(new EchoServer(config), new CertificateRenewals()).bindTo(registry);
        List<String> registered =
                registry.getMeters().stream()
                        .map(meter -> describe(meter.getId()))
                        .distinct()
                        .toList();
        assertThat(described).containsExactlyInAnyOrderElementsOf(registered);
    }

    /** Returns such as {@code echo.server.pending{listener} gauge, bytes}. */
    private static String describe(Meter.Id id) {
        String tags = id.getTags().stream().map(Tag::getKey).collect(Collectors.joining(","));
        String type = id.getType().name().toLowerCase(Locale.ROOT);
        // A timer has the unit of its registry.
        boolean hasUnit = id.getType() != Meter.Type.TIMER && id.getBaseUnit() != null;
        return id.getName()
                + (tags.isEmpty() ? "" : "{" + tags + "}")
                + " "
                + type
                + (hasUnit ? ", " + id.getBaseUnit() : "");
    }

    @Test
    void operationsDescribesEveryReason() throws IOException {
        assertThat(table(OPERATIONS, "Reasons for closing"))
                .extracting(row -> plain(row.getFirst()))
                .containsExactlyElementsOf(
                        Arrays.stream(CloseReason.values()).map(CloseReason::label).toList());
        assertThat(table(OPERATIONS, "Reasons for rejecting"))
                .extracting(row -> plain(row.getFirst()))
                .containsExactlyElementsOf(
                        Arrays.stream(RejectReason.values()).map(RejectReason::label).toList());
    }

    @ParameterizedTest
    @MethodSource("pages")
    void linksAndAnchorsResolve(Path page) throws IOException {
        String prose = CODE.matcher(String.join("\n", prose(page))).replaceAll("");
        for (MatchResult link : LINK.matcher(prose).results().toList()) {
            String target = link.group(1);
            if (!target.contains(":")) { // not that of another site
                assertResolves(page, target);
            }
        }
    }

    private static void assertResolves(Path page, String target) throws IOException {
        int hash = target.indexOf('#');
        String file = hash < 0 ? target : target.substring(0, hash);
        Path linked = file.isEmpty() ? page : page.resolveSibling(file).normalize();
        assertThat(linked).as("%s, linked from %s", target, page).exists();
        if (hash >= 0) {
            assertThat(anchors(linked))
                    .as("%s, linked from %s", target, page)
                    .contains(target.substring(hash + 1));
        }
    }

    @ParameterizedTest
    @MethodSource("pages")
    void pathsExist(Path page) throws IOException {
        String prose = String.join("\n", prose(page));
        for (MatchResult path : PATH.matcher(prose).results().toList()) {
            assertThat(Path.of(path.group(1))).as("named in %s", page).exists();
        }
    }

    /** Returns the anchors of the headings, made as forges make them. */
    private static List<String> anchors(Path page) throws IOException {
        return prose(page).stream()
                .map(HEADING::matcher)
                .filter(Matcher::matches)
                .map(heading -> heading.group(1).toLowerCase(Locale.ROOT))
                .map(text -> text.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'))
                .toList();
    }

    /** Returns the lines of a page without its blocks of code. */
    private static List<String> prose(Path page) throws IOException {
        var prose = new ArrayList<String>();
        boolean inBlock = false;
        for (String line : Files.readAllLines(page)) {
            if (line.strip().startsWith("```")) {
                inBlock = !inBlock;
            } else if (!inBlock) {
                prose.add(line);
            }
        }
        return prose;
    }

    /** Returns the cells of the first table below a heading, row by row, without its header. */
    private static List<List<String>> table(Path page, String heading) throws IOException {
        List<List<String>> rows =
                prose(page).stream()
                        .dropWhile(line -> !line.matches("#+ " + Pattern.quote(heading)))
                        .dropWhile(line -> !line.startsWith("|"))
                        .takeWhile(line -> line.startsWith("|"))
                        .skip(2)
                        .map(DocumentationTest::cells)
                        .toList();
        assertThat(rows).as("table of %s in %s", heading, page).isNotEmpty();
        return rows;
    }

    private static List<String> cells(String row) {
        List<String> cells = Arrays.stream(row.split("\\|", -1)).map(String::strip).toList();
        return cells.subList(1, cells.size() - 1);
    }

    /** Returns a cell without the marks of code. */
    private static String plain(String cell) {
        return cell.replace("`", "");
    }
}
