package com.example.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.ApplicationContext;
import org.springframework.util.ClassUtils;

@SpringBootTest
class HostApplicationTest {

    @Autowired private ApplicationContext context;

    @Test
    void starts() {
        assertThat(context.getBean(HostApplication.class)).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jakarta.servlet.Servlet",
                "org.springframework.boot.actuate.endpoint.annotation.Endpoint",
                "io.micrometer.core.instrument.MeterRegistry"
            })
    void inheritsNeitherWebNorActuator(String className) {
        assertThat(ClassUtils.isPresent(className, getClass().getClassLoader())).isFalse();
    }
}
