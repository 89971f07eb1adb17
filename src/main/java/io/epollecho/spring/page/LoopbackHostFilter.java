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
 * A filter that refuses requests whose {@code Host} header does not name the loopback of this
 * machine. A browser sends the host name that a page was loaded from, and anyone can make a name
 * resolve to 127.0.0.1 (DNS rebinding). Without this filter, a browser would treat such a page as a
 * page of this server.
 */
final class LoopbackHostFilter extends HttpFilter {

    private static final long serialVersionUID = 1L;

    private static final Pattern HOST =
            Pattern.compile("(?<name>\\[[0-9A-Fa-f:.]+]|[^\\[\\]:]+)(:\\d*)?");

    @Override
    protected void doFilter(
            HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        // Use Host itself: a web page can forge the headers that proxies add.
        if (isLoopback(request.getHeader("Host"))) {
            chain.doFilter(request, response);
        } else {
            response.setStatus(HttpServletResponse.SC_FORBIDDEN);
            response.setContentType("text/plain;charset=UTF-8");
            response.getWriter()
                    .println(
                            "Refused: the server listens on a loopback address and only answers"
                                    + " requests for localhost. Set the Host header to localhost,"
                                    + " or set server.address to another address.");
        }
    }

    /**
     * Returns whether the header names the loopback or is missing. Every browser sends the header,
     * so a request without it does not come from a web page.
     */
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
            return false; // a host name, which may resolve to any address
        }
    }
}
