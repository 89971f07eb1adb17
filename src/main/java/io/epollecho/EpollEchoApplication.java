package io.epollecho;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Main class of the runnable jar. It is not in the plain jar, which is the starter. */
@SpringBootApplication(proxyBeanMethods = false)
public final class EpollEchoApplication {

    private EpollEchoApplication() {}

    static void main(String[] args) {
        SpringApplication.run(EpollEchoApplication.class, args);
    }
}
