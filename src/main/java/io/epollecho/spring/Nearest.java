package io.epollecho.spring;

import java.util.Collection;
import java.util.Optional;

/** Finds the intended name for a misspelled one. */
final class Nearest {

    private Nearest() {}

    /** Returns the candidate with the fewest differences, or empty if all differ too much. */
    static Optional<String> to(String text, Collection<String> candidates) {
        String nearest = null;
        int least = Integer.MAX_VALUE;
        for (String candidate : candidates) {
            int distance = distance(text, candidate);
            if (distance < least && isPlausible(distance, candidate)) {
                nearest = candidate;
                least = distance;
            }
        }
        return Optional.ofNullable(nearest);
    }

    private static boolean isPlausible(int distance, String candidate) {
        return distance <= Math.max(1, candidate.length() / 3);
    }

    /**
     * Returns the number of edits that turn one string into the other, where an edit inserts,
     * deletes or replaces a character or swaps two adjacent ones (optimal string alignment).
     */
    static int distance(String a, String b) {
        var distances = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                distances[i][j] = i == 0 || j == 0 ? i + j : step(distances, a, b, i, j);
            }
        }
        return distances[a.length()][b.length()];
    }

    private static int step(int[][] distances, String a, String b, int i, int j) {
        int replaced = distances[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        int least = Math.min(replaced, Math.min(distances[i - 1][j], distances[i][j - 1]) + 1);
        boolean swapped =
                i > 1
                        && j > 1
                        && a.charAt(i - 1) == b.charAt(j - 2)
                        && a.charAt(i - 2) == b.charAt(j - 1);
        return swapped ? Math.min(least, distances[i - 2][j - 2] + 1) : least;
    }
}
