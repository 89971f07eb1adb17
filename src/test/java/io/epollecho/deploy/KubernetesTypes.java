package io.epollecho.deploy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.TCPRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.TLSRoute;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;

import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.cfg.MapperConfig;
import tools.jackson.databind.introspect.Annotated;
import tools.jackson.databind.introspect.JacksonAnnotationIntrospector;
import tools.jackson.databind.json.JsonMapper;

import java.util.List;
import java.util.Map;

/** A conversion to Kubernetes types that is as strict as an API server with field validation. */
final class KubernetesTypes {

    private static final List<Class<? extends HasMetadata>> TYPES =
            List.of(
                    ConfigMap.class,
                    DaemonSet.class,
                    Deployment.class,
                    HorizontalPodAutoscaler.class,
                    HTTPRoute.class,
                    NetworkPolicy.class,
                    Pod.class,
                    PodDisruptionBudget.class,
                    Service.class,
                    ServiceAccount.class,
                    TCPRoute.class,
                    TLSRoute.class);

    private static final JsonMapper MAPPER =
            JsonMapper.builder()
                    .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                    .annotationIntrospector(new NoRoomForUnknownFields())
                    .build();

    private KubernetesTypes() {}

    /** Converts an object. Fails if its kind, a field, or the type of a value is unknown. */
    static HasMetadata convert(Map<String, Object> object) {
        Class<? extends HasMetadata> type =
                TYPES.stream()
                        .filter(known -> HasMetadata.getKind(known).equals(object.get("kind")))
                        .findFirst()
                        .orElseThrow(() -> new AssertionError("unknown kind: " + object));
        HasMetadata converted = MAPPER.convertValue(object, type);
        if (!HasMetadata.getApiVersion(type).equals(object.get("apiVersion"))) {
            throw new AssertionError("wrong apiVersion: " + object);
        }
        return converted;
    }

    /** An introspector that makes unknown fields an error, which the types would otherwise keep. */
    private static final class NoRoomForUnknownFields extends JacksonAnnotationIntrospector {

        private static final long serialVersionUID = 1;

        @Override
        public Boolean hasAnySetter(MapperConfig<?> config, Annotated annotated) {
            return false;
        }
    }
}
