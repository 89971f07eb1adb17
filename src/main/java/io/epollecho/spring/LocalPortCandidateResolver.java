package io.epollecho.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanDefinitionHolder;
import org.springframework.beans.factory.config.DependencyDescriptor;
import org.springframework.beans.factory.support.AutowireCandidateResolver;
import org.springframework.core.MethodParameter;
import org.springframework.core.annotation.AnnotatedElementUtils;

import java.lang.annotation.Annotation;

/**
 * A resolver that inserts the listener's name into the property of {@link LocalEchoServerPort},
 * which Spring cannot do in a meta-annotation. It delegates everything else to another resolver.
 */
final class LocalPortCandidateResolver implements AutowireCandidateResolver {

    private final AutowireCandidateResolver others;

    LocalPortCandidateResolver(AutowireCandidateResolver others) {
        this.others = others;
    }

    @Override
    public @Nullable Object getSuggestedValue(DependencyDescriptor descriptor) {
        LocalEchoServerPort port = find(descriptor.getAnnotations());
        MethodParameter parameter = descriptor.getMethodParameter();
        if (port == null && parameter != null) {
            port = find(parameter.getMethodAnnotations());
        }
        return port == null
                ? others.getSuggestedValue(descriptor)
                : "${" + LocalPortRegistrar.property(port.value()) + "}";
    }

    private static @Nullable LocalEchoServerPort find(Annotation[] annotations) {
        return AnnotatedElementUtils.getMergedAnnotation(
                AnnotatedElementUtils.forAnnotations(annotations), LocalEchoServerPort.class);
    }

    @Override
    public boolean isAutowireCandidate(
            BeanDefinitionHolder definition, DependencyDescriptor descriptor) {
        return others.isAutowireCandidate(definition, descriptor);
    }

    @Override
    public boolean isRequired(DependencyDescriptor descriptor) {
        return others.isRequired(descriptor);
    }

    @Override
    public boolean hasQualifier(DependencyDescriptor descriptor) {
        return others.hasQualifier(descriptor);
    }

    @Override
    public @Nullable String getSuggestedName(DependencyDescriptor descriptor) {
        return others.getSuggestedName(descriptor);
    }

    @Override
    public @Nullable Object getLazyResolutionProxyIfNecessary(
            DependencyDescriptor descriptor, @Nullable String beanName) {
        return others.getLazyResolutionProxyIfNecessary(descriptor, beanName);
    }

    @Override
    public @Nullable Class<?> getLazyResolutionProxyClass(
            DependencyDescriptor descriptor, @Nullable String beanName) {
        return others.getLazyResolutionProxyClass(descriptor, beanName);
    }

    @Override
    public AutowireCandidateResolver cloneIfNecessary() {
        return new LocalPortCandidateResolver(others.cloneIfNecessary());
    }
}
