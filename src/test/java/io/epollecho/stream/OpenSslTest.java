package io.epollecho.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.epollecho.stream.SteppedStream.Steps;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import javax.net.ssl.SSLContext;

/** Tests with OpenSSL as the client. */
@Timeout(120)
class OpenSslTest {

    private static final SSLContext SERVER = Certificates.context(Certificates.SERVER);

    @TempDir private Path directory;

    @BeforeAll
    static void findOpenSsl() throws InterruptedException {
        try {
            Process process =
                    new ProcessBuilder("openssl", "version").redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            assertThat(process.waitFor()).isZero();
        } catch (IOException e) {
            System.out.println("Tests with OpenSSL are skipped: " + e.getMessage());
            abort("openssl is not installed");
        }
    }

    @ParameterizedTest
    @CsvSource({"-tls1_2, WHOLE", "-tls1_3, WHOLE", "-tls1_2, FEW", "-tls1_3, FEW"})
    void echoesToOpenSsl(String protocol, Steps steps) throws Exception {
        String line = "0123456789 echo over TLS ".repeat(40) + "\n";
        String data = line.repeat(steps == Steps.WHOLE ? 1_000 : 50);
        assertThat(exchange(data, steps, List.of(protocol, "-quiet")))
                .endsWith(data)
                .contains("depth=1 CN = authority");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void resumesASessionOfOpenSsl(String protocol) throws Exception {
        String session = directory.resolve("session").toString();
        String data = "resumed?\n";
        assertThat(exchange(data, Steps.WHOLE, List.of(protocol, "-sess_out", session)))
                .contains("New, TLSv1.")
                .contains(data);
        assertThat(exchange(data, Steps.WHOLE, List.of(protocol, "-sess_in", session)))
                .contains("Reused, TLSv1.")
                .contains(data);
    }

    /**
     * Sends the data with openssl s_client and ends the connection once everything has been echoed.
     */
    private String exchange(String data, Steps steps, List<String> options) throws Exception {
        Path authority = directory.resolve("authority.pem");
        Files.writeString(authority, Certificates.authorityAsPem());
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            int port = ((InetSocketAddress) listener.getLocalAddress()).getPort();
            List<String> command = new ArrayList<>();
            command.addAll(List.of("openssl", "s_client", "-connect", "127.0.0.1:" + port));
            command.addAll(List.of("-ign_eof", "-servername", Certificates.HOST));
            command.addAll(List.of("-CAfile", authority.toString(), "-verify_return_error"));
            command.addAll(options);
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            InBackground<String> output =
                    InBackground.start(
                            () -> String.join("\n", process.inputReader().readAllLines()) + "\n");
            InBackground<Integer> input =
                    InBackground.start(
                            () -> {
                                try (OutputStream out = process.getOutputStream()) {
                                    out.write(data.getBytes(StandardCharsets.US_ASCII));
                                }
                                return 0;
                            });
            SocketChannel channel = listener.accept();
            channel.configureBlocking(false);
            BufferPool buffers = Buffers.pool();
            TlsStream stream =
                    new TlsStream(
                            steps.over(channel, 1),
                            Certificates.serverEngine(SERVER, "TLSv1.2", "TLSv1.3"),
                            buffers);
            try (StreamOwner owner = new StreamOwner(stream)) {
                owner.open();
                assertThat(stream.requestedHost()).isEqualTo(Certificates.HOST);
                ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
                for (int echoed = 0; echoed < data.length(); ) {
                    int count = owner.read(buffer.clear());
                    assertThat(count).isPositive();
                    owner.write(buffer.flip());
                    echoed += count;
                }
                input.result();
                owner.shutdownOutput();
                owner.readToEnd();
            }
            assertThat(buffers.borrowed()).isZero();
            assertThat(process.waitFor()).as(output.result()).isZero();
            return output.result();
        }
    }
}
