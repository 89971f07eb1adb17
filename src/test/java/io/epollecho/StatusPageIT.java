package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.epollecho.stream.Certificates;

import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.WindowType;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

import javax.net.ssl.SSLSocket;

/** Tests for the runnable jar's status page in a real browser and with real connections. */
class StatusPageIT {

    /** The time within which the page must show a change. */
    private static final Duration SOON = Duration.ofSeconds(2);

    private static final int PEER = 1;
    private static final int PROXY = 2;
    private static final int TLS = 3;
    private static final int SENT = 8;
    private static final int LAYERS = 2;

    /** An address for documentation (RFC 5737). */
    private static final String SOURCE = "203.0.113.7";

    private static final String MARKUP = "<img src=page/none onerror=alert(1)>";

    private static final Pattern REQUESTS =
            Pattern.compile(
                    "http_server_requests_seconds_count\\{[^}]*uri=\"/actuator/echo\"[^}]*}"
                            + " (\\S+)");

    @SuppressWarnings("NullAway.Init") // set by start()
    private static Browser browser;

    @SuppressWarnings("NullAway.Init") // set by start()
    private static RunningJar jar;

    private final List<EchoPeer> peers = new ArrayList<>();

    @BeforeAll
    static void start() throws IOException {
        browser = Browser.open();
        // A restart on port 0 would choose another one.
        jar =
                RunningJar.start(
                        "--echo.server.port=" + Ports.free(),
                        "--echo.server.socket.send-buffer=16KB");
    }

    @AfterAll
    static void stop() {
        if (jar != null) {
            jar.close();
        }
        if (browser != null) {
            browser.close();
        }
    }

    @BeforeEach
    void load() {
        browser.size(1280, 1400);
        browser.prefer("light");
        browser.load("http://localhost:%d/".formatted(jar.httpPort()));
        await().atMost(EchoPeer.PATIENCE)
                .until(() -> browser.text("state").equals("running") && open() == 0);
    }

    @AfterEach
    void assertNoErrorAndDisconnect() throws IOException {
        for (EchoPeer peer : peers) {
            peer.close();
        }
        browser.assertNoErrorLogged();
    }

    private EchoPeer connect() throws IOException {
        EchoPeer peer = EchoPeer.connect(jar.echoPort());
        peers.add(peer);
        return peer;
    }

    private static long open() {
        return Long.parseLong(browser.text("active").replace(",", ""));
    }

    private static void soon(ThrowingRunnable assertion) {
        await().atMost(SOON).pollInterval(Duration.ofMillis(50)).untilAsserted(assertion);
    }

    @Test
    void showsChangesWithinTwoSeconds() throws IOException {
        EchoPeer first = connect();
        EchoPeer second = connect();
        soon(
                () -> {
                    assertThat(open()).isEqualTo(2);
                    assertThat(browser.column("listeners", 3)).containsExactly("2");
                    assertThat(browser.column("loops", 1)).containsExactly("2");
                    assertThat(browser.column("connections", PEER))
                            .containsExactly(
                                    "127.0.0.1:" + second.port(), "127.0.0.1:" + first.port());
                    assertThat(browser.text("accepts")).isNotEqualTo("0");
                    assertThat(browser.text("listed")).isEqualTo("2 shown of 2 open");
                });

        first.exchange(50_000);
        soon(
                () -> {
                    assertThat(browser.text("received")).isNotEqualTo("0 B");
                    assertThat(browser.text("sent")).isNotEqualTo("0 B");
                    assertThat(browser.text("sent-peak")).isNotEqualTo("0 B");
                    assertThat(browser.column("connections", SENT))
                            .containsExactly("0 B", "48.8 KiB");
                    assertThat(browser.column("loops", 4)).doesNotContain("0 B");
                    assertThat(browser.column("listeners", 6)).doesNotContain("0 B");
                });

        second.stall(() -> jar.actuator().get("echo").number("$.bytes.pending") > 0);
        soon(
                () -> {
                    assertThat(browser.text("pending")).isNotEqualTo("0 B");
                    assertThat(browser.number("return document.querySelectorAll('tr.slow').length"))
                            .isEqualTo(1);
                });

        long closed = closed("reset") + closed("peer");
        first.close();
        second.close();
        soon(
                () -> {
                    assertThat(open()).isZero();
                    assertThat(closed("reset") + closed("peer")).isEqualTo(closed + 2);
                    assertThat(browser.column("connections", PEER)).isEmpty();
                    assertThat(browser.text("pending")).isEqualTo("0 B");
                    assertThat(Long.parseLong(browser.text("active-peak").replace(",", "")))
                            .isGreaterThanOrEqualTo(2);
                });
    }

    private static long closed(String reason) {
        return Long.parseLong(
                browser.string(
                                "return [...document.getElementById('closed').children]"
                                        + ".find(entry => entry.firstChild.textContent"
                                        + " === arguments[0]).lastChild.textContent",
                                reason)
                        .replace(",", ""));
    }

    @Test
    void showsTheLayersOfListenersAndOfConnections(@TempDir Path directory) throws IOException {
        Path keys = directory.resolve("all.p12");
        Certificates.saveFor(keys);
        try (var layered =
                RunningJar.start(
                        "--spring.ssl.bundle.jks.web.keystore.location=" + keys.toUri(),
                        "--spring.ssl.bundle.jks.web.keystore.password=changeit",
                        "--spring.ssl.bundle.jks.web.keystore.type=PKCS12",
                        "--spring.ssl.bundle.jks.web.key.alias=" + Certificates.SERVER,
                        "--echo.server.listeners.layered.port=0",
                        "--echo.server.listeners.layered.ssl.bundle=web",
                        "--echo.server.listeners.layered.proxy-protocol.mode=required")) {
            browser.load("http://localhost:%d/".formatted(layered.httpPort()));
            String address =
                    String.valueOf(
                            layered.actuator().get("echo").at("$.listeners.layered.address"));
            int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
            try (EchoPeer plain = EchoPeer.connect(layered.echoPort());
                    Socket proxy = new Socket(InetAddress.getLoopbackAddress(), port);
                    SSLSocket tls = tlsBehind(proxy)) {
                plain.exchange(1);
                tls.getOutputStream().write('x');
                assertThat(tls.getInputStream().read()).isEqualTo('x');
                soon(
                        () -> {
                            assertThat(browser.column("connections", PEER))
                                    .containsExactlyInAnyOrder(
                                            SOURCE + ":40000", "127.0.0.1:" + plain.port());
                            assertThat(browser.column("connections", PROXY))
                                    .containsExactlyInAnyOrder(
                                            "127.0.0.1:" + proxy.getLocalPort(), "–");
                            assertThat(browser.column("connections", TLS))
                                    .containsExactlyInAnyOrder("TLSv1.3 " + Certificates.HOST, "–");
                        });
                assertThat(browser.column("listeners", LAYERS)).containsExactly("–", "PROXY, TLS");
                browser.element("filter").sendKeys(Certificates.HOST);
                assertThat(browser.column("connections", PEER)).containsExactly(SOURCE + ":40000");
            }
        }
    }

    /** Sends a PROXY protocol header and then starts TLS on the connection. */
    private static SSLSocket tlsBehind(Socket proxy) throws IOException {
        proxy.getOutputStream()
                .write(
                        "PROXY TCP4 %s 192.0.2.1 40000 443\r\n"
                                .formatted(SOURCE)
                                .getBytes(US_ASCII));
        return (SSLSocket)
                Certificates.context(null)
                        .getSocketFactory()
                        .createSocket(proxy, Certificates.HOST, proxy.getPort(), true);
    }

    /** Runs a single script, so that no refresh can intervene. */
    @Test
    @SuppressWarnings("unchecked")
    void showsMarkupInResponsesAsText() {
        var texts =
                (List<String>)
                        browser.driver()
                                .executeScript(
                                        """
                                        const markup = arguments[0];
                                        list = {active: 1, connections: [{listener: markup, peer: markup,
                                            proxy: markup, tls: {protocol: markup}, loop: markup,
                                            age: 'PT1S', idle: 'PT1S', bytes: {received: 1, sent: 1, pending: 0}}]};
                                        showConnections();
                                        showNotice('refresh', markup);
                                        const cells = [...document.getElementById('connections').rows[0].cells];
                                        return [document.getElementById('notice'), ...cells.slice(0, 5)]
                                            .map(node => node.textContent);
                                        """,
                                        MARKUP);
        assertThat(texts).hasSize(6).containsOnly(MARKUP);
        assertThat(browser.number("return document.images.length")).isZero();
    }

    /** A foreign name may resolve to this machine (DNS rebinding), which makes it same-origin. */
    @Test
    void refusesRequestsWithAForeignHostName() {
        browser.load("http://%s:%d/".formatted(Browser.STRANGER, jar.httpPort()));
        String answer =
                browser.string(
                        """
                        const answer = new XMLHttpRequest();
                        answer.open('DELETE', '/actuator/echo', false);
                        answer.send();
                        return document.body.textContent + answer.status;
                        """);
        assertThat(answer)
                .startsWith("Refused: the server listens on a loopback address")
                .endsWith("403");
        assertThat(jar.actuator().get("echo").at("$.state")).isEqualTo("running");
        assertThat(browser.errors()).isNotEmpty();
    }

    /** Browsers treat 127.0.0.1 and localhost as different sites. */
    @Test
    void refusesToStartTheServerForAnotherSite() {
        assertThat(jar.actuator().delete("echo?timeout=0s").status()).isEqualTo(200);
        await().atMost(EchoPeer.PATIENCE)
                .until(() -> "stopped".equals(jar.actuator().get("echo").at("$.state")));
        assertThat(postFrom("127.0.0.1")).as("cross-site response").isEqualTo("opaque");
        assertThat(jar.actuator().get("echo").at("$.state")).isEqualTo("stopped");
        assertThat(postFrom("localhost")).isEqualTo("basic");
        assertThat(jar.actuator().get("echo").at("$.state")).isEqualTo("running");
        assertThat(browser.errors())
                .as("only the refused request and the missing icon")
                .allMatch(error -> error.contains("Failed to load resource"));
    }

    /** Posts from a page without a security policy and returns the type of the response. */
    private static String postFrom(String host) {
        browser.load("http://%s:%d/actuator/health".formatted(host, jar.httpPort()));
        return String.valueOf(
                browser.driver()
                        .executeAsyncScript(
                                """
                                const done = arguments[1];
                                fetch(arguments[0], {method: 'POST', mode: 'no-cors'})
                                    .then(answer => done(answer.type), error => done(String(error)));
                                """,
                                "http://localhost:%d/actuator/echo".formatted(jar.httpPort())));
    }

    @Test
    void plotsShowPastFiguresImmediately() throws IOException {
        connect().exchange(10_000);
        await().atMost(EchoPeer.PATIENCE)
                .until(
                        () ->
                                browser.string(
                                                "return document.getElementById('plot-connections')"
                                                        + ".getAttribute('aria-label')")
                                        .startsWith("Connections: now 1, highest "));
        browser.load("http://localhost:%d/".formatted(jar.httpPort()));
        await().atMost(EchoPeer.PATIENCE)
                .until(() -> browser.number("return past.time.length") >= 2);
        for (String plot : List.of("plot-connections", "plot-throughput")) {
            assertThat(
                            browser.number(
                                    """
                                    const canvas = document.querySelector('#' + arguments[0] + ' canvas');
                                    const pixels = canvas.getContext('2d')
                                        .getImageData(0, 0, canvas.width, canvas.height).data;
                                    return new Set(new Uint32Array(pixels.buffer)).size;
                                    """,
                                    plot))
                    .as("colors of %s", plot)
                    .isGreaterThan(3);
        }
        assertThat(browser.text("legend-throughput")).contains("Received", "Sent");
    }

    @Test
    void sortsAndFiltersAThousandConnections() throws IOException {
        for (int i = 0; i < 1_000; i++) {
            EchoPeer peer = connect();
            peer.exchange(i + 1);
        }
        await().atMost(EchoPeer.PATIENCE)
                .until(() -> browser.text("listed").equals("1,000 shown of 1,000 open"));
        List<String> newestFirst = peers.reversed().stream().map(StatusPageIT::address).toList();
        assertThat(browser.column("connections", PEER)).isEqualTo(newestFirst);

        header(SENT).click();
        assertSortedBySize("descending", Comparator.reverseOrder());
        header(SENT).click();
        assertSortedBySize("ascending", Comparator.naturalOrder());
        header(SENT).sendKeys(Keys.ENTER);
        assertSortedBySize("descending", Comparator.reverseOrder());

        EchoPeer wanted = peers.get(123);
        browser.element("filter").sendKeys(address(wanted));
        assertThat(browser.column("connections", PEER)).containsExactly(address(wanted));
        assertThat(browser.text("listed")).isEqualTo("1 shown of 1,000 open");
        wanted.exchange(1_000_000 / 16);
        soon(
                () ->
                        assertThat(browser.column("connections", SENT))
                                .as("a filtered list is refreshed, too")
                                .containsExactly("61.2 KiB"));
        browser.element("filter").clear();
        browser.element("filter").sendKeys("no such peer");
        assertThat(browser.column("connections", PEER)).isEmpty();
        browser.element("filter").clear();
        browser.element("filter").sendKeys(" ");

        connect();
        connect();
        await().atMost(EchoPeer.PATIENCE)
                .until(
                        () ->
                                browser.text("listed")
                                        .equals(
                                                "1,000 shown of 1,002 open, from the 1,000"
                                                        + " newest"));
        browser.element("order").sendKeys("busiest");
        await().atMost(EchoPeer.PATIENCE)
                .untilAsserted(
                        () -> {
                            assertThat(browser.text("listed")).endsWith("from the 1,000 busiest");
                            assertThat(browser.column("connections", PEER))
                                    .hasSize(1_000)
                                    .startsWith(address(wanted), address(peers.get(999)))
                                    .doesNotContain(address(peers.get(1_000)));
                        });
    }

    private static String address(EchoPeer peer) {
        return "127.0.0.1:" + peer.port();
    }

    private static WebElement header(int column) {
        return browser.driver()
                .findElements(By.cssSelector("#connection-columns button"))
                .get(column);
    }

    /** Asserts the order immediately after the click and again after a refresh. */
    private void assertSortedBySize(String direction, Comparator<Integer> order) {
        List<String> expected =
                IntStream.range(0, 1_000)
                        .boxed()
                        .sorted(order)
                        .map(i -> address(peers.get(i)))
                        .toList();
        assertThat(browser.column("connections", PEER)).isEqualTo(expected);
        long refreshes = refreshes();
        await().atMost(EchoPeer.PATIENCE).until(() -> refreshes() > refreshes);
        assertThat(browser.column("connections", PEER)).isEqualTo(expected);
        assertThat(
                        browser.string(
                                "return document.querySelector('th[aria-sort]').textContent + ' '"
                                        + " + document.querySelector('th[aria-sort]').ariaSort"))
                .isEqualTo("Sent " + direction);
    }

    private static long refreshes() {
        return browser.number("return past.time.length ? past.time.at(-1) * 1000 : 0");
    }

    @Test
    void drainsAndStartsByButtonsAfterConfirmation() throws IOException {
        EchoPeer busy = connect();
        busy.stall(() -> jar.actuator().get("echo").number("$.bytes.pending") > 0);

        browser.element("drain").click();
        dialogButton("cancel").click();
        assertThat(jar.actuator().get("echo").at("$.state")).isEqualTo("running");
        assertThat(browser.element("start").isEnabled()).isFalse();

        browser.element("drain").sendKeys(Keys.ENTER);
        browser.element("confirm").sendKeys(Keys.ENTER);
        soon(
                () -> {
                    assertThat(browser.text("state")).isEqualTo("draining");
                    assertThat(browser.text("drain-progress"))
                            .startsWith("1 of 1 connections left, 1")
                            .endsWith(" until they are closed");
                    assertThat(browser.element("drain").isEnabled()).isFalse();
                });
        busy.finish();
        await().atMost(EchoPeer.PATIENCE).until(() -> browser.text("state").equals("stopped"));

        browser.element("start").click();
        browser.element("confirm").click();
        soon(() -> assertThat(browser.text("state")).isEqualTo("running"));
        EchoPeer.assertEchoes(jar.echoPort());
    }

    private static WebElement dialogButton(String value) {
        return browser.driver()
                .findElement(By.cssSelector("#confirmation button[value=" + value + "]"));
    }

    @Test
    void hasNoButtonsIfTheEndpointIsReadOnly() throws IOException {
        try (var readOnly = RunningJar.start("--management.endpoint.echo.access=read-only")) {
            browser.load("http://localhost:%d/".formatted(readOnly.httpPort()));
            await().atMost(EchoPeer.PATIENCE).until(() -> browser.text("state").equals("running"));
            assertThat(browser.has("drain") || browser.has("start")).isFalse();
            assertThat(
                            browser.string(
                                    "return [...document.querySelectorAll('button')]"
                                            + ".map(button => button.textContent).join()"))
                    .contains("Refresh")
                    .doesNotContain("Drain", "Start");
        }
    }

    @Test
    void marksFiguresAsOldWhileTheServerDoesNotRespond() throws Exception {
        connect().exchange(1_000);
        soon(() -> assertThat(browser.column("connections", SENT)).containsExactly("1,000 B"));
        long top = browser.number("return document.querySelector('main').offsetTop");
        jar.freeze();
        try {
            await().atMost(EchoPeer.PATIENCE)
                    .until(() -> browser.text("notice").startsWith("Refresh failed: "));
            assertThat(browser.text("notice")).containsPattern("Figures from \\d\\d:\\d\\d:\\d\\d");
            assertThat(open()).isEqualTo(1);
            assertThat(browser.column("connections", SENT)).containsExactly("1,000 B");
            assertThat(browser.number("return document.querySelector('main').offsetTop"))
                    .isEqualTo(top);
        } finally {
            jar.thaw();
        }
        await().atMost(EchoPeer.PATIENCE).until(() -> browser.text("notice").isEmpty());
    }

    @Test
    void sendsNoRequestsInAHiddenTab() {
        String page = browser.driver().getWindowHandle();
        browser.driver().switchTo().newWindow(WindowType.TAB);
        try {
            await().atMost(EchoPeer.PATIENCE)
                    .during(Duration.ofMillis(2_500))
                    .until(new Unchanged(StatusPageIT::requests)::isSo);
        } finally {
            browser.driver().close();
            browser.driver().switchTo().window(page);
        }
        double before = requests();
        await().atMost(EchoPeer.PATIENCE).until(() -> requests() > before + 1);
    }

    /** A condition that is true as long as a figure equals its previous value. */
    private static final class Unchanged {

        private final DoubleSupplier figure;
        private double last = Double.NaN;

        Unchanged(DoubleSupplier figure) {
            this.figure = figure;
        }

        boolean isSo() {
            double before = last;
            last = figure.getAsDouble();
            return last == before;
        }
    }

    private static double requests() {
        Matcher requests = REQUESTS.matcher(jar.actuator().get("prometheus").body());
        double sum = 0;
        while (requests.find()) {
            sum += Double.parseDouble(requests.group(1));
        }
        return sum;
    }

    @Test
    void pausesAndResumesTheRefresh() throws IOException {
        browser.element("refresh").click();
        assertThat(browser.element("refresh").getDomAttribute("aria-pressed")).isEqualTo("false");
        connect().exchange(1);
        await().atMost(EchoPeer.PATIENCE)
                .during(SOON)
                .until(() -> browser.column("connections", PEER).isEmpty());
        browser.element("refresh").sendKeys(Keys.SPACE);
        soon(() -> assertThat(open()).isEqualTo(1));
    }

    @Test
    void layoutDoesNotShiftWhenFiguresChange() throws IOException {
        browser.driver()
                .executeScript(
                        """
                        window.shifts = [];
                        new PerformanceObserver(list => window.shifts.push(
                            ...list.getEntries().map(entry => entry.value
                                + ' ' + entry.sources.map(source => source.node?.id
                                    || source.node?.parentElement?.outerHTML.slice(0, 80)).join())))
                            .observe({type: 'layout-shift', buffered: false});
                        """);
        for (int i = 0; i < 50; i++) {
            connect().exchange(i * 1_000 + 1);
        }
        await().atMost(EchoPeer.PATIENCE).until(() -> open() == 50);
        for (EchoPeer peer : peers) {
            peer.exchange(60_000);
            peer.close();
        }
        await().atMost(EchoPeer.PATIENCE).until(() -> open() == 0);
        assertThat(browser.string("return window.shifts.join('\\n')")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"light", "dark"})
    void isAccessible(String scheme) throws IOException {
        browser.prefer(scheme);
        connect().exchange(1_000);
        connect().stall(() -> jar.actuator().get("echo").number("$.bytes.pending") > 0);
        soon(() -> assertThat(open()).isEqualTo(2));
        long background =
                browser.number(
                        "return"
                            + " Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])");
        assertThat(background)
                .isBetween(scheme.equals("dark") ? 0L : 200L, scheme.equals("dark") ? 60L : 255L);
        assertThat(browser.accessibilityViolations()).isEmpty();
        header(SENT).click();
        browser.element("drain").click();
        assertThat(browser.accessibilityViolations()).isEmpty();
        dialogButton("cancel").click();
        browser.screenshot(Path.of("target", "status-page-" + scheme + ".png"));
    }

    @Test
    void fitsANarrowWindow() throws IOException {
        browser.size(500, 900); // Chromium's minimum width
        connect().exchange(1_000);
        soon(() -> assertThat(browser.column("connections", SENT)).containsExactly("1,000 B"));
        assertThat(
                        browser.number(
                                "return document.documentElement.scrollWidth - window.innerWidth"))
                .isLessThanOrEqualTo(0);
        assertThat(
                        browser.number(
                                "return document.querySelector('#plot-connections"
                                        + " canvas').clientWidth"))
                .isBetween(200L, 500L);
        assertThat(browser.accessibilityViolations()).isEmpty();
        browser.screenshot(Path.of("target", "status-page-narrow.png"));
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 800, 1024, 1440})
    void showsWholeHeadings(int width) throws IOException {
        browser.size(width, 900);
        connect().exchange(1_000);
        soon(() -> assertThat(browser.column("connections", SENT)).containsExactly("1,000 B"));
        assertThat(
                        browser.string(
                                "return [...document.querySelectorAll('thead th')]"
                                        + ".filter(th => th.scrollWidth > th.clientWidth)"
                                        + ".map(th => th.textContent).join()"))
                .isEmpty();
    }

    @Test
    void isUsableByKeyboard() throws IOException {
        connect().exchange(1);
        soon(() -> assertThat(open()).isEqualTo(1));
        var reached = new HashSet<String>();
        for (int i = 0; i < 30; i++) {
            browser.driver().switchTo().activeElement().sendKeys(Keys.TAB);
            reached.add(
                    browser.string(
                            "return document.activeElement.id ||"
                                    + " document.activeElement.textContent"));
        }
        assertThat(reached)
                .contains(
                        "refresh", "drain", "status", "order", "filter", "Peer", "Sent", "Pending");
    }
}
