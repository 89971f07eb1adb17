package io.epollecho.spring.actuate;

import jakarta.servlet.http.HttpServletRequest;

import org.jspecify.annotations.Nullable;

/** The host and port that a servlet request was sent to. */
public final class RequestAuthority {

    /** Stands for a host that proxies' headers may have set; no name contains a space. */
    private static final String UNKNOWN = "unknown host";

    private RequestAuthority() {}

    /**
     * Returns the authority that the client has sent, not one from the headers that proxies add: a
     * web page can forge those.
     *
     * @param request the request
     * @return the value of {@code Host}, or of {@code :authority} in HTTP/2; null if there is none
     */
    public static @Nullable String of(HttpServletRequest request) {
        String host = request.getHeader("Host");
        if (host != null || !request.getProtocol().startsWith("HTTP/2")) {
            return host;
        }
        boolean forwarded =
                request.getHeader("Forwarded") != null
                        || request.getHeader("X-Forwarded-Host") != null;
        return forwarded ? UNKNOWN : request.getServerName() + ":" + request.getServerPort();
    }
}
