package io.epollecho.spring.page;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetAddress;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Refuses requests whose {@code Host} does not name this machine's loopback. A browser sends the
 * name that the page was loaded from, and anyone can make a name resolve to 127.0.0.1 (DNS
 * rebinding). Without this filter a browser treats such a page as one of this server's own.
 */
final class LoopbackHostFilter extends HttpFilter {

    private static final long serialVersionUID = 1L;

    private static final Pattern HOST =
            Pattern.compile("(?<name>\\[[0-9A-Fa-f:.]+]|[^\\[\\]:]+)(:\\d*)?");

    @Override
    protected void doFilter(
            HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        // Host itself: a page can set the headers that proxies add.
        if (isLoopback(request.getHeader("Host"))) {
            chain.doFilter(request, response);
        } else {
            response.setStatus(HttpServletResponse.SC_FORBIDDEN);
            response.setContentType("text/plain;charset=UTF-8");
            response.getWriter()
                    .println(
                            "Refused: the server listens on a loopback address and answers"
                                    + " requests for localhost only. Set the header Host to"
                                    + " localhost, or server.address to another address.");
        }
    }

    /** Every browser sends the header, so a request without it does not come from a page. */
    static boolean isLoopback(@Nullable String host) {
        if (host == null) {
            return true;
        }
        Matcher matcher = HOST.matcher(host);
        if (!matcher.matches()) {
            return false;
        }
        String name = matcher.group("name").toLowerCase(Locale.ROOT);
        if (name.equals("localhost") || name.endsWith(".localhost")) { // RFC 6761, 6.3
            return true;
        }
        try {
            return InetAddress.ofLiteral(name).isLoopbackAddress();
        } catch (IllegalArgumentException e) {
            return false; // a name, which may resolve to any address
        }
    }
}
