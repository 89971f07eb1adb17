package io.epollecho;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;

/** Main class of the runnable jar. It is not in the plain jar, which is the starter. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
public final class EpollEchoApplication {

    private EpollEchoApplication() {}

    static void main(String[] args) {
        SpringApplication.run(EpollEchoApplication.class, args);
    }
}
