# syntax=docker/dockerfile:1
# The runnable application, sized for a container of 160 MiB; jvm.options explains how it fits.
#
#   docker build -t epoll-echo .
#   docker run --rm -p 7777:7777 -p 127.0.0.1:8080:8080 epoll-echo
#
# To build behind a mirror of Maven Central:
#
#   docker build --secret id=maven-settings,src=settings.xml --build-arg MAVEN_ARGS="-s /run/secrets/maven-settings" \
#       --build-arg MVNW_REPOURL=https://mirror.example.com/maven2 -t epoll-echo .
#
# A second build finds everything in the cache and needs no network. (Do not use --offline, which omits the SBOM.)

# For a release, pin the base images as name:tag@sha256:…, as the release workflow does; patches change the digests.
ARG JDK_IMAGE=docker.io/library/eclipse-temurin:25-jdk-noble
ARG JRE_IMAGE=docker.io/library/eclipse-temurin:25-jre-noble
# Must equal the version in pom.xml; otherwise the build fails.
ARG VERSION=0.1.0-SNAPSHOT

# Jars are the same for every platform, so build them on the native one, without emulation.
FROM --platform=$BUILDPLATFORM ${JDK_IMAGE} AS build
WORKDIR /build
COPY mvnw pom.xml ./
COPY .mvn .mvn
COPY src src
ARG MAVEN_ARGS=""
ARG MVNW_REPOURL=""
# The cache holds exactly the files that this command downloads, including annotation processors. It remains valid when
# sources or pom.xml change.
RUN --mount=type=cache,id=epoll-echo-maven,target=/root/.m2 --mount=type=secret,id=maven-settings \
    sh mvnw -q -B -ntp package -Dmaven.test.skip=true -Dformat.phase=none
ARG VERSION
RUN grep -q "^build.version=$VERSION\$" target/classes/META-INF/build-info.properties || \
    { echo "VERSION is $VERSION, but must equal the version in pom.xml" >&2; exit 1; }
RUN java -Djarmode=tools -jar target/*-exec.jar extract --layers --application-filename epoll-echo.jar \
    --destination extracted
COPY src/main/docker extracted/container
RUN cp -R target/classes/META-INF/sbom extracted/container/sbom && \
    chmod -R u=rwX,go=rX extracted && chmod a+rx extracted/container/train.sh && \
    find extracted -exec touch -d @0 {} +

FROM ${JRE_IMAGE} AS application
WORKDIR /app
COPY --from=build /build/extracted/dependencies/ ./
COPY --from=build /build/extracted/snapshot-dependencies/ ./
COPY --from=build /build/extracted/application/ ./
COPY --from=build /build/extracted/container/ ./
RUN ln -s /app/probe /usr/local/bin/probe
USER 10001:10001

# Train as the user that runs the application, so that files it cannot read fail the build.
FROM application AS training
# Ports of the training run. Choose others if the build uses the host's network and these are in use.
ARG TRAIN_ECHO_PORT=7777
ARG TRAIN_LISTENER_PORT=7778
ARG TRAIN_HTTP_PORT=8080
RUN ./train.sh /app /tmp/training

FROM application
COPY --from=training --chown=0:0 /tmp/training/epoll-echo.aot ./
# Fails if the JVM cannot use the cache with these files.
RUN ["java", "@jvm.options", "-XX:AOTCache=epoll-echo.aot", "-XX:AOTMode=on", "-XX:-UsePerfData", "-jar", "epoll-echo.jar", "--version"]

EXPOSE 7777 8080
# Exec form: a shell would not forward SIGTERM to the JVM, which then could not drain.
ENTRYPOINT ["java", "@jvm.options", "-XX:AOTCache=epoll-echo.aot", "-jar", "epoll-echo.jar"]
# Last, so that a new version or revision reuses the training.
ARG JRE_IMAGE
ARG VERSION
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="epoll-echo" \
      org.opencontainers.image.description="A high-concurrency TCP echo server on Linux epoll" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.base.name="${JRE_IMAGE}"
