package io.epollecho.server;

import org.springframework.boot.convert.DurationStyle;
import org.springframework.util.unit.DataSize;

import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The range of a setting as its error messages describe it, and the nearest values beyond it. An
 * end that is the value of another setting has that setting's default.
 *
 * @param setting the setting
 * @param lowest the lowest allowed value other than a special 0, as text
 * @param highest the highest allowed value, as text
 */
public record SettingRange(Setting<?> setting, String lowest, String highest) {

    private static final Pattern RANGE = Pattern.compile("^(\\S+) to ([\\w.-]+)");

    /** Returns the ranges of all settings that have one. */
    public static Stream<SettingRange> all() {
        return Setting.all().stream()
                .flatMap(
                        setting ->
                                RANGE.matcher(setting.allowed())
                                        .results()
                                        .map(range -> of(setting, range)));
    }

    private static SettingRange of(Setting<?> setting, MatchResult range) {
        return new SettingRange(setting, end(range.group(1)), end(range.group(2)));
    }

    private static String end(String text) {
        return Setting.all().stream()
                .filter(setting -> setting.key().equals(text))
                .map(setting -> Objects.requireNonNull(setting.defaultText()))
                .findAny()
                .orElse(text);
    }

    /** Returns the greatest value below the range. */
    public String below() {
        return moved(lowest, -1);
    }

    /** Returns the least value above the range. */
    public String above() {
        return moved(highest, 1);
    }

    private String moved(String value, int step) {
        if (setting.isDuration()) {
            return DurationStyle.detectAndParse(value).toNanos() + step + "ns";
        }
        return value.endsWith("B")
                ? DataSize.parse(value).toBytes() + step + "B"
                : String.valueOf(Integer.parseInt(value) + step);
    }

    @Override
    public String toString() {
        return setting.key();
    }
}
