package io.epollecho.spring.actuate;

import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

import reactor.core.publisher.Mono;

import java.nio.charset.StandardCharsets;

/** Applies {@link ChangeRequests} to requests of WebFlux. */
final class ChangeRequestWebFilter implements WebFilter, Ordered {

    private final ChangeRequests rules;

    ChangeRequestWebFilter(ChangeRequests rules) {
        this.rules = rules;
    }

    /** Runs after the filters of the host application, such as those of Spring Security. */
    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        Refusal refusal = refusal(exchange);
        if (refusal == null) {
            return chain.filter(exchange);
        }
        ServerHttpResponse response = exchange.getResponse();
        response.setStatusCode(HttpStatusCode.valueOf(refusal.status()));
        if (refusal.status() == Refusal.METHOD_NOT_ALLOWED) {
            response.getHeaders().set(HttpHeaders.ALLOW, Refusal.ALLOWED_METHODS);
        }
        response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
        DataBuffer body =
                response.bufferFactory().wrap(refusal.json().getBytes(StandardCharsets.UTF_8));
        return response.writeWith(Mono.just(body));
    }

    private @Nullable Refusal refusal(ServerWebExchange exchange) {
        ServerHttpRequest request = exchange.getRequest();
        String method = request.getMethod().name();
        if (!rules.applyTo(method, request.getPath().pathWithinApplication())) {
            return null;
        }
        HttpHeaders headers = request.getHeaders();
        String host = headers.getFirst(HttpHeaders.HOST);
        return rules.refusal(
                new ChangeRequests.Request(
                        method,
                        headers::getFirst,
                        host != null ? host : request.getURI().getAuthority(),
                        headers.getContentLength() > 0
                                || headers.containsHeader(HttpHeaders.TRANSFER_ENCODING),
                        exchange.getResponse().getHeaders().getAccessControlAllowOrigin() != null));
    }
}
