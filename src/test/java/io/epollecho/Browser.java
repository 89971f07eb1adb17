package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.logging.Level;

/** A headless Chromium from Debian's packages {@code chromium} and {@code chromium-driver}. */
final class Browser implements AutoCloseable {

    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final Path DRIVER = Path.of("/usr/bin/chromedriver");

    /** A foreign host name that this browser resolves to this machine. */
    static final String STRANGER = "stranger.example";

    private final ChromeDriver driver;

    private Browser(ChromeDriver driver) {
        this.driver = driver;
    }

    /** Starts the browser. Skips the test and prints the reason if it is not installed. */
    static Browser open() {
        boolean there = Files.isExecutable(CHROMIUM) && Files.isExecutable(DRIVER);
        if (!there) {
            System.out.println(
                    "Skipped: %s or %s is missing; install chromium and chromium-driver"
                            .formatted(CHROMIUM, DRIVER));
        }
        assumeTrue(there, "Chromium is not installed");
        var options = new ChromeOptions();
        options.setBinary(CHROMIUM.toFile());
        options.addArguments(
                "--headless=new",
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--host-resolver-rules=MAP " + STRANGER + " 127.0.0.1");
        var logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        options.setCapability(ChromeOptions.LOGGING_PREFS, logs);
        System.setProperty(ChromeDriverService.CHROME_DRIVER_EXE_PROPERTY, DRIVER.toString());
        return new Browser(new ChromeDriver(options));
    }

    void size(int width, int height) {
        driver.manage().window().setSize(new Dimension(width, height));
    }

    /** Sets the preferred color scheme: {@code light} or {@code dark}. */
    void prefer(String scheme) {
        driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    void load(String url) {
        driver.get(url);
    }

    ChromeDriver driver() {
        return driver;
    }

    WebElement element(String id) {
        return driver.findElement(By.id(id));
    }

    boolean has(String id) {
        return !driver.findElements(By.id(id)).isEmpty();
    }

    String text(String id) {
        return string("return document.getElementById(arguments[0]).textContent", id);
    }

    String string(String script, Object... arguments) {
        return String.valueOf(driver.executeScript(script, arguments));
    }

    long number(String script, Object... arguments) {
        return ((Number) Objects.requireNonNull(driver.executeScript(script, arguments)))
                .longValue();
    }

    /** Returns the texts of a table column from top to bottom. */
    @SuppressWarnings("unchecked")
    List<String> column(String body, int column) {
        return (List<String>)
                Objects.requireNonNull(
                        driver.executeScript(
                                "return [...document.getElementById(arguments[0]).rows]"
                                        + ".map(row => row.cells[arguments[1]].textContent)",
                                body,
                                column));
    }

    /** Returns the accessibility violations that axe-core finds, with their elements. */
    @SuppressWarnings("unchecked")
    List<String> accessibilityViolations() throws IOException {
        try (InputStream script = Browser.class.getResourceAsStream("/axe.min.js")) {
            driver.executeScript(
                    new String(
                            Objects.requireNonNull(script).readAllBytes(), StandardCharsets.UTF_8));
        }
        return (List<String>)
                Objects.requireNonNull(
                        driver.executeAsyncScript(
                                """
                                const done = arguments[0];
                                axe.run().then(
                                    results => done(results.violations.map(violation =>
                                        violation.id + ': ' + violation.nodes.map(
                                            node => node.html + ' ' + node.failureSummary).join('; '))),
                                    error => done([String(error)]));
                                """));
    }

    void assertNoErrorLogged() {
        assertThat(errors()).isEmpty();
    }

    /** Returns the console's messages since the last call. */
    List<String> errors() {
        return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
                .map(LogEntry::toString)
                .toList();
    }

    void screenshot(Path file) throws IOException {
        Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
    }

    @Override
    public void close() {
        driver.quit();
    }
}
