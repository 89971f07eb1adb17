# The runnable application in a container of 128 MiB, see jvm.options for how it fits.
#
#   docker build --build-arg VERSION=0.1.0 -t epoll-echo .
#   docker run --rm -p 7777:7777 -p 127.0.0.1:8080:8080 epoll-echo

FROM eclipse-temurin:25-jdk-noble AS build
WORKDIR /build
# What is downloaded changes with the pom alone.
COPY mvnw pom.xml ./
COPY .mvn .mvn
RUN ./mvnw -q -B -ntp dependency:go-offline
COPY src src
RUN ./mvnw -q -B -ntp package -Dmaven.test.skip=true
RUN java -Djarmode=tools -jar target/*-exec.jar extract --layers --application-filename epoll-echo.jar --destination extracted

FROM eclipse-temurin:25-jre-noble
ARG VERSION=0.1.0-SNAPSHOT
LABEL org.opencontainers.image.title="epoll-echo" \
      org.opencontainers.image.description="A high-concurrency TCP echo server on Linux epoll" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
WORKDIR /app
COPY --from=build /build/extracted/dependencies/ ./
COPY --from=build /build/extracted/snapshot-dependencies/ ./
COPY --from=build /build/extracted/application/ ./
COPY src/main/docker/ ./
# Here and not in a stage of its own: the cache is good for this very JVM, and for jars of this very
# time of change, which a copy to another stage may not keep.
RUN ./train.sh . && rm -rf /tmp/*
RUN ln -s /app/probe /usr/local/bin/probe

USER 10001:10001
EXPOSE 7777 8080
# No shell between the container's runtime and the JVM, so that SIGTERM arrives and drains.
ENTRYPOINT ["java", "@jvm.options", "-XX:AOTCache=epoll-echo.aot", "-jar", "epoll-echo.jar"]
