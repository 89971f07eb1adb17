package io.epollecho;

import io.epollecho.probe.ProbeCommand;
import io.epollecho.spring.UnknownNames;
import io.epollecho.spring.page.StatusPage;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Import;

import java.util.Arrays;
import java.util.OptionalInt;

/** Main class of the runnable jar. The plain jar, which is the starter, does not contain it. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import(StatusPage.class)
public final class EpollEchoApplication {

    private EpollEchoApplication() {}

    /**
     * Runs the echo server. If the first argument is {@code probe}, runs the client that probes an
     * echo server instead; the remaining arguments are its options.
     */
    static void main(String[] args) {
        if (args.length > 0 && args[0].equals("probe")) {
            System.exit(ProbeCommand.run(Arrays.copyOfRange(args, 1, args.length)));
        }
        OptionalInt exitCode = new ServerCommand(System.out, System.err).run(args);
        if (exitCode.isPresent()) {
            System.exit(exitCode.getAsInt());
        }
        var application = new SpringApplication(EpollEchoApplication.class);
        application.addListeners(new UnknownNames());
        application.run(args);
    }
}
