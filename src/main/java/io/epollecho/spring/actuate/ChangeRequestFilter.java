package io.epollecho.spring.actuate;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

import org.jspecify.annotations.Nullable;
import org.springframework.web.util.ServletRequestPathUtils;

import java.io.IOException;

/** Applies {@link ChangeRequests} to servlet requests. */
final class ChangeRequestFilter extends HttpFilter {

    private static final long serialVersionUID = 1L;

    private final transient ChangeRequests rules;

    ChangeRequestFilter(ChangeRequests rules) {
        this.rules = rules;
    }

    @Override
    protected void doFilter(
            HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        Refusal refusal = refusal(request, response);
        if (refusal == null) {
            chain.doFilter(request, response);
            return;
        }
        response.setStatus(refusal.status());
        if (refusal.status() == Refusal.METHOD_NOT_ALLOWED) {
            response.setHeader("Allow", Refusal.ALLOWED_METHODS);
        }
        response.setContentType("application/json");
        response.getWriter().print(refusal.json());
    }

    private @Nullable Refusal refusal(HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        // The path as Spring MVC sees it: decoded, and without the path of the dispatcher servlet.
        if (!rules.applyTo(
                request.getMethod(),
                ServletRequestPathUtils.parse(request).pathWithinApplication())) {
            return null;
        }
        return rules.refusal(
                new ChangeRequests.Request(
                        request.getMethod(),
                        request::getHeader,
                        RequestAuthority.of(request),
                        hasBody(request),
                        response.containsHeader("Access-Control-Allow-Origin")));
    }

    /** A body without a length has its own header in HTTP/1.1, but not in HTTP/2. */
    private static boolean hasBody(HttpServletRequest request) throws IOException {
        long length = request.getContentLengthLong();
        return length > 0 || (length < 0 && !request.getInputStream().isFinished());
    }
}
