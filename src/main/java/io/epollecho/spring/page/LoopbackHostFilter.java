package io.epollecho.spring.page;

import io.epollecho.spring.actuate.LoopbackHost;
import io.epollecho.spring.actuate.RequestAuthority;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

import java.io.IOException;

/**
 * A filter that refuses requests for other hosts than the loopback of this machine. Without it, a
 * browser would treat a stranger's page as a page of this server.
 *
 * @see LoopbackHost
 */
final class LoopbackHostFilter extends HttpFilter {

    private static final long serialVersionUID = 1L;

    @Override
    protected void doFilter(
            HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        if (LoopbackHost.isNamed(RequestAuthority.of(request))) {
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
}
