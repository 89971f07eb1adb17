package io.epollecho.probe;

import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/** A builder of a JSON object in one line; fields keep their order. */
final class Json {

    private final StringJoiner fields = new StringJoiner(",", "{", "}");

    Json text(String name, String value) {
        return raw(name, quoted(value));
    }

    Json number(String name, long value) {
        return raw(name, Long.toString(value));
    }

    Json decimal(String name, double value, int digits) {
        return raw(name, String.format(Locale.ROOT, "%." + digits + "f", value));
    }

    Json flag(String name, boolean value) {
        return raw(name, Boolean.toString(value));
    }

    Json numbers(String name, Map<String, ? extends Number> values) {
        Json object = new Json();
        values.forEach((key, value) -> object.raw(key, value.toString()));
        return object(name, object);
    }

    Json object(String name, Json value) {
        return raw(name, value.toString());
    }

    /** Adds a value that is already formatted as JSON. */
    Json raw(String name, String value) {
        fields.add(quoted(name) + ":" + value);
        return this;
    }

    static String quoted(String text) {
        var json = new StringBuilder("\"");
        text.chars()
                .forEach(
                        c -> {
                            if (c == '"' || c == '\\') {
                                json.append('\\').append((char) c);
                            } else if (c < ' ') {
                                json.append(String.format(Locale.ROOT, "\\u%04x", c));
                            } else {
                                json.append((char) c);
                            }
                        });
        return json.append('"').toString();
    }

    @Override
    public String toString() {
        return fields.toString();
    }
}
