package io.epollecho.deploy;

import tools.jackson.databind.json.JsonMapper;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The instructions of the Dockerfile.
 *
 * @param instructions all instructions in order, with continued lines joined
 */
record Dockerfile(List<String> instructions) {

    static Dockerfile read() {
        List<String> instructions = new ArrayList<>();
        String text = Chart.read(Path.of("Dockerfile")).replaceAll("\\\\\\n *", "");
        text.lines()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .forEach(instructions::add);
        return new Dockerfile(instructions);
    }

    /** Returns the instructions of the last stage, which is the image itself. */
    Dockerfile lastStage() {
        int from = 0;
        for (int i = 0; i < instructions.size(); i++) {
            if (instructions.get(i).startsWith("FROM ")) {
                from = i;
            }
        }
        return new Dockerfile(instructions.subList(from, instructions.size()));
    }

    /** Returns the arguments of all instructions of a kind. */
    List<String> all(String kind) {
        return instructions.stream()
                .filter(line -> line.startsWith(kind + " "))
                .map(line -> line.substring(kind.length() + 1).strip())
                .toList();
    }

    String workDirectory() {
        return all("WORKDIR").getLast();
    }

    /** Returns the entrypoint, which must be in exec form. */
    List<String> entrypoint() {
        String[] command =
                JsonMapper.shared()
                        .readValue(lastStage().all("ENTRYPOINT").getLast(), String[].class);
        return List.of(command);
    }
}
