# syntax=docker/dockerfile:1
# The runnable application in a container of 160 MiB; see jvm.options for how it fits.
#
#   docker build -t epoll-echo .
#   docker run --rm -p 7777:7777 -p 127.0.0.1:8080:8080 epoll-echo
#
# Behind a mirror of Maven Central:
#
#   docker build --secret id=maven-settings,src=settings.xml --build-arg MAVEN_ARGS="-s /run/secrets/maven-settings" \
#       --build-arg MVNW_REPOURL=https://mirror.example.com/maven2 -t epoll-echo .
#
# A second build finds everything in the cache and needs no network. (Not with --offline, which leaves out the SBOM.)

# Pin them with name:tag@sha256:…, as the release workflow does; the digests change with every patch of the base.
ARG JDK_IMAGE=docker.io/library/eclipse-temurin:25-jdk-noble
ARG JRE_IMAGE=docker.io/library/eclipse-temurin:25-jre-noble
# The version in pom.xml; the build fails if this is another one.
ARG VERSION=0.1.0-SNAPSHOT

# Jars are the same for every platform, so they are built without emulation.
FROM --platform=$BUILDPLATFORM ${JDK_IMAGE} AS build
WORKDIR /build
COPY mvnw pom.xml ./
COPY .mvn .mvn
COPY src src
ARG MAVEN_ARGS=""
ARG MVNW_REPOURL=""
# The cache holds exactly what this command needs, annotation processors included, and outlasts changes of the sources
# and of pom.xml.
RUN --mount=type=cache,id=epoll-echo-maven,target=/root/.m2 --mount=type=secret,id=maven-settings \
    sh mvnw -q -B -ntp package -Dmaven.test.skip=true -Dformat.phase=none
ARG VERSION
RUN grep -q "^build.version=$VERSION\$" target/classes/META-INF/build-info.properties || \
    { echo "VERSION is $VERSION, but pom.xml has another version" >&2; exit 1; }
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

# The user that runs also trains, so what it cannot read fails the build.
FROM application AS training
# Of the build's own network; other ones where it is the host's and something listens there.
ARG TRAIN_ECHO_PORT=7777
ARG TRAIN_LISTENER_PORT=7778
ARG TRAIN_HTTP_PORT=8080
RUN ./train.sh /app /tmp/training

FROM application
COPY --from=training --chown=0:0 /tmp/training/epoll-echo.aot ./
# Fails if the JVM does not use the cache with these files.
RUN ["java", "@jvm.options", "-XX:AOTCache=epoll-echo.aot", "-XX:AOTMode=on", "-XX:-UsePerfData", "-jar", "epoll-echo.jar", "--version"]

EXPOSE 7777 8080
# No shell between the container's runtime and the JVM, so that SIGTERM arrives and drains.
ENTRYPOINT ["java", "@jvm.options", "-XX:AOTCache=epoll-echo.aot", "-jar", "epoll-echo.jar"]
# Last, so that another version or revision does not train again.
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
