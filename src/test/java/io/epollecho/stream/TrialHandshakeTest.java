package io.epollecho.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.function.Consumer;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;

class TrialHandshakeTest {

    private static SSLEngine engine(SSLContext context, Consumer<SSLEngine> change) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        change.accept(engine);
        return engine;
    }

    private static SSLEngine engine(Consumer<SSLEngine> change) {
        return engine(Certificates.context(Certificates.SERVER), change);
    }

    @Test
    void succeedsWithWhateverTheJdkSupports() {
        assertThat(TrialHandshake.failure(engine(engine -> {}))).isNull();
        assertThat(
                        TrialHandshake.failure(
                                engine(engine -> engine.setEnabledProtocols("TLSv1.2".split(",")))))
                .isNull();
        assertThat(TrialHandshake.failure(engine(engine -> engine.setNeedClientAuth(true))))
                .as("the trial has no certificate, but clients may have one")
                .isNull();
        assertThat(TrialHandshake.failure(engine(engine -> engine.setWantClientAuth(true))))
                .isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "TLSv1.1, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", // disabled in the JDK
        "TLSv1.3, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", // a suite of TLS 1.2
        "TLSv1.2, TLS_AES_128_GCM_SHA256", // a suite of TLS 1.3
        "TLSv1.2, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", // the key is not an RSA key
    })
    void failsIfProtocolsSuitesAndKeyDoNotFit(String protocol, String suite) {
        SSLEngine engine =
                engine(
                        server -> {
                            server.setEnabledProtocols(new String[] {protocol});
                            server.setEnabledCipherSuites(new String[] {suite});
                        });
        assertThat(TrialHandshake.failure(engine)).isNotNull().matches("[ -~]+");
    }

    @Test
    void failsWithTheKeyOfAnotherCertificate() {
        SSLContext mixed = Certificates.mixedContext(Certificates.SERVER, Certificates.RENEWED);
        for (String protocol : new String[] {"TLSv1.2", "TLSv1.3"}) {
            assertThat(
                            TrialHandshake.failure(
                                    engine(
                                            mixed,
                                            engine ->
                                                    engine.setEnabledProtocols(
                                                            new String[] {protocol}))))
                    .isNotNull();
        }
    }

    @Test
    void failsWithoutAKey() {
        assertThat(TrialHandshake.failure(engine(Certificates.context(null), engine -> {})))
                .isNotNull();
    }
}
