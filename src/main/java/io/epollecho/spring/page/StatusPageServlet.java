package io.epollecho.spring.page;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;
import org.springframework.web.util.HtmlUtils;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** A servlet that serves the page and its files from memory. */
final class StatusPageServlet extends HttpServlet {

    private static final long serialVersionUID = 1L;

    /** The servlet mapping of the page itself: the root only. */
    static final String ROOT = "";

    /** The servlet mapping of the files of the page. */
    static final String FILES = "/page/*";

    private static final String PLOTTING = "classpath*:META-INF/resources/webjars/uplot/*/dist/";

    /** Forbids external and inline content, markup inserted by scripts, and framing. */
    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
                    + " connect-src 'self'; base-uri 'none'; form-action 'none';"
                    + " frame-ancestors 'none'; require-trusted-types-for 'script';"
                    + " trusted-types 'none'";

    private final transient Map<String, File> files = new HashMap<>();

    /** A file with its media type. */
    private record File(String type, String content) {}

    /**
     * Reads the files.
     *
     * @param endpoint the path of the endpoint {@code echo} in this web server
     * @param unrestricted true if the endpoint allows operations that change the server
     * @throws IOException if a file is missing
     */
    StatusPageServlet(String endpoint, boolean unrestricted) throws IOException {
        String page =
                own("index.html")
                        // A relative path works below any context path.
                        .replace(
                                "{endpoint}", HtmlUtils.htmlEscape(endpoint.replaceFirst("^/", "")))
                        .replace("{access}", unrestricted ? "unrestricted" : "read-only");
        files.put("/", new File("text/html", page));
        files.put("/page/page.js", new File("text/javascript", own("page.js")));
        files.put("/page/page.css", new File("text/css", own("page.css")));
        files.put("/page/icon.svg", new File("image/svg+xml", own("icon.svg")));
        files.put("/page/uplot.js", new File("text/javascript", plotting("uPlot.iife.min.js")));
        files.put("/page/uplot.css", new File("text/css", plotting("uPlot.min.css")));
    }

    private static String own(String name) throws IOException {
        try (var file = StatusPageServlet.class.getResourceAsStream(name)) {
            return new String(
                    Objects.requireNonNull(file, name).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String plotting(String name) throws IOException {
        Resource[] found = new PathMatchingResourcePatternResolver().getResources(PLOTTING + name);
        if (found.length == 0) {
            throw new FileNotFoundException(PLOTTING + name);
        }
        return found[0].getContentAsString(StandardCharsets.UTF_8);
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        if (request.getRequestURI().equals(request.getContextPath())) {
            // The relative paths in the page need the slash.
            response.sendRedirect(request.getContextPath() + "/");
            return;
        }
        String info = request.getPathInfo();
        File file = files.get(request.getServletPath() + (info == null ? "" : info));
        if (file == null) {
            response.sendError(HttpServletResponse.SC_NOT_FOUND);
            return;
        }
        response.setHeader("Content-Security-Policy", POLICY);
        response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
        response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
        response.setHeader("Referrer-Policy", "no-referrer");
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setHeader("Cache-Control", "no-cache");
        response.setContentType(file.type());
        response.setCharacterEncoding(StandardCharsets.UTF_8);
        byte[] content = file.content().getBytes(StandardCharsets.UTF_8);
        response.setContentLength(content.length);
        response.getOutputStream().write(content);
    }
}
