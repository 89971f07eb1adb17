package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Service;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Collection;
import java.util.Locale;
import java.util.Map;

/** Tests that text which looks like a number or a boolean remains text. */
@Tag("slow")
class ChartNamesTest {

    /** Each is a number, a boolean, a null or a timestamp to YAML. */
    @ParameterizedTest
    @ValueSource(
            strings = {"123", "1e3", "true", "null", "on", "0x1f", "1.5", "2026-01-01", "12e4"})
    void aReleaseMayLookLikeAnotherType(String release) {
        Rendered rendered =
                Chart.renderAs(
                        release,
                        """
                        probe: {enabled: true, podMonitor: {enabled: true}}
                        serviceMonitor: {enabled: true}
                        podMonitor: {enabled: true}
                        prometheusRule: {enabled: true}
                        dashboard: {enabled: true}
                        service: {headless: true}
                        autoscaling: {enabled: true}
                        nameOverride: "%s"
                        image: {tag: "1.10"}
                        tls: {secretName: "%1$s"}
                        priorityClassName: "%1$s"
                        runtimeClassName: "%1$s"
                        serviceAccount: {name: "%1$s"}
                        commonLabels: {a: "%1$s"}
                        commonAnnotations: {a: "%1$s"}
                        podLabels: {b: "%1$s"}
                        podAnnotations: {b: "%1$s"}
                        nodeSelector: {c: "%1$s"}
                        extraEnv: [{name: A, value: "%1$s"}]
                        """
                                .formatted(release.replace(".", "-").toLowerCase(Locale.ROOT)));
        for (Map<String, Object> object : rendered.objects()) {
            assertTexts(object, String.valueOf(object.get("kind")));
        }
        assertThat(rendered.all(Service.class))
                .allSatisfy(
                        service ->
                                assertThat(service.getMetadata().getName())
                                        .matches("[a-z]([-a-z0-9]*[a-z0-9])?"));
    }

    /** Checks names, labels, annotations, selectors and variables. */
    private static void assertTexts(Map<String, Object> object, String path) {
        object.forEach(
                (key, value) -> {
                    String here = path + "." + key;
                    if (key.endsWith("abels")
                            || key.equals("annotations")
                            || (key.equals("selector") && !path.contains("Monitor"))
                            || key.equals("nodeSelector")) {
                        assertOnlyTexts(value, here);
                    }
                    if (key.equals("name")
                            || key.endsWith("Name")
                            || (key.equals("value") && path.contains(".env"))) {
                        assertThat(value).as(here).isInstanceOf(String.class);
                    }
                    descend(value, here);
                });
    }

    private static void assertOnlyTexts(Object value, String path) {
        if (value instanceof Map<?, ?> map) {
            map.forEach(
                    (key, inner) -> {
                        assertThat(key).as(path).isInstanceOf(String.class);
                        if (!(inner instanceof Map)) {
                            assertThat(inner).as(path + "." + key).isInstanceOf(String.class);
                        }
                    });
        }
    }

    private static void descend(Object value, String path) {
        if (value instanceof Map<?, ?>) {
            assertTexts(Chart.map(value), path);
        } else if (value instanceof Collection<?> list) {
            for (Object item : list) {
                descend(item, path + "[]");
            }
        }
    }
}
