package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.stream.Collectors;

/** The allowed values of a setting: checks a value and describes the allowed ones. */
sealed interface Allowed<T> {

    boolean contains(T value);

    /** Returns whether a value is consistent with the value of another setting that bounds it. */
    default boolean agrees(T value, Setting<T> other, T otherValue) {
        return true;
    }

    String text();

    /**
     * All values from the lowest to the highest.
     *
     * @param from the setting that is the lower bound of this one; null if there is none
     * @param to the setting that is the upper bound of this one; null if there is none
     */
    record Range<T extends Comparable<? super T>>(
            T lowest, T highest, @Nullable Setting<T> from, @Nullable Setting<T> to, String text)
            implements Allowed<T> {

        @Override
        public boolean contains(T value) {
            return value.compareTo(lowest) >= 0 && value.compareTo(highest) <= 0;
        }

        @Override
        public boolean agrees(T value, Setting<T> other, T otherValue) {
            return (other != from || value.compareTo(otherValue) >= 0)
                    && (other != to || value.compareTo(otherValue) <= 0);
        }
    }

    /** A fixed set of values. */
    record Choice<T>(Format<T> format, List<T> values) implements Allowed<T> {

        @Override
        public boolean contains(T value) {
            return values.contains(value);
        }

        @Override
        public String text() {
            String others =
                    values.subList(0, values.size() - 1).stream()
                            .map(format.text())
                            .collect(Collectors.joining(", "));
            return others + " or " + format.text().apply(values.getLast());
        }
    }

    /** All values of the type. */
    record Any<T>(String text) implements Allowed<T> {

        @Override
        public boolean contains(T value) {
            return true;
        }
    }

    /** All non-empty lists. */
    record Elements<E>(String text) implements Allowed<List<E>> {

        @Override
        public boolean contains(List<E> value) {
            return !value.isEmpty();
        }
    }

    /** Other values, and zero, which has a special meaning. */
    record OrZero<T>(Allowed<T> others, T zero, String purpose) implements Allowed<T> {

        @Override
        public boolean contains(T value) {
            return value.equals(zero) || others.contains(value);
        }

        @Override
        public String text() {
            return others.text() + ", or 0 " + purpose;
        }
    }

    /** Other values, described with an additional note. */
    record Noted<T>(Allowed<T> others, String note) implements Allowed<T> {

        @Override
        public boolean contains(T value) {
            return others.contains(value);
        }

        @Override
        public boolean agrees(T value, Setting<T> other, T otherValue) {
            return others.agrees(value, other, otherValue);
        }

        @Override
        public String text() {
            return others.text() + note;
        }
    }
}
