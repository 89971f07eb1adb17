package io.epollecho;

import com.jayway.jsonpath.JsonPath;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;

/**
 * A client of an application's actuator.
 *
 * @param port the HTTP port of the application on this machine
 */
public record Actuator(int port) {

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    /** The response to a request. */
    public record Answer(int status, String body) {

        /** Returns the value at a JSON path. */
        public @Nullable Object at(String path) {
            return JsonPath.read(body, path);
        }

        /** Returns the number at a JSON path. */
        public long number(String path) {
            return JsonPath.<Number>read(body, path).longValue();
        }

        /** Returns the numbers at a JSON path, rounded down. */
        public List<Long> numbers(String path) {
            return JsonPath.<List<Number>>read(body, path).stream().map(Number::longValue).toList();
        }
    }

    public Answer get(String path) {
        return ask("GET", path);
    }

    public Answer delete(String path) {
        return ask("DELETE", path);
    }

    public Answer post(String path) {
        return ask("POST", path);
    }

    private Answer ask(String method, String path) {
        URI uri = URI.create("http://127.0.0.1:%d/actuator/%s".formatted(port, path));
        try {
            var response =
                    CLIENT.send(
                            HttpRequest.newBuilder(uri)
                                    .timeout(EchoPeer.PATIENCE)
                                    .method(method, BodyPublishers.noBody())
                                    .build(),
                            BodyHandlers.ofString());
            return new Answer(response.statusCode(), response.body());
        } catch (IOException e) {
            throw new AssertionError(method + " " + uri + " received no response", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
