#!/usr/bin/env bash
# Performs the steps of the Dockerfile and of its container without a container engine: extract,
# train, start with the cache, echo, stop. Downloads and installs nothing.
#
# usage: image.sh JAR DIRECTORY
#   JAR is the runnable jar. DIRECTORY is recreated with the contents of /app in the image.
# environment, all optional:
#   JAVA_HOME, TRAIN_ECHO_PORT, TRAIN_LISTENER_PORT and TRAIN_HTTP_PORT, as for train.sh
set -euo pipefail

jar=$(realpath "${1:?usage: image.sh JAR DIRECTORY}")
app=$(realpath -m "${2:?usage: image.sh JAR DIRECTORY}")
docker=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../../main/docker")
export TRAIN_ECHO_PORT="${TRAIN_ECHO_PORT:-7777}" TRAIN_LISTENER_PORT="${TRAIN_LISTENER_PORT:-7778}"
export TRAIN_HTTP_PORT="${TRAIN_HTTP_PORT:-8080}"
start_seconds=120

java() {
    command "${JAVA_HOME:+$JAVA_HOME/bin/}java" "$@"
}

fail() {
    echo "image.sh: $*" >&2
    exit 1
}

# extract, and copy with timestamps as COPY does, because the cache is valid only for these
extracted=$(mktemp -d)
trap 'rm -rf "$extracted"' EXIT
java -Djarmode=tools -jar "$jar" extract --layers --application-filename epoll-echo.jar --destination "$extracted" --force
rm -rf "$app"
mkdir -p "$app"
for layer in dependencies snapshot-dependencies application; do
    cp -Rp "$extracted/$layer/." "$app"
done
cp -Rp "$docker/." "$app"

# train
cd "$app"
./train.sh . .

# start with the cache; exec makes the background process the JVM itself, which must receive SIGTERM
container() {
    exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" @jvm.options -XX:AOTCache=epoll-echo.aot -jar epoll-echo.jar "$@"
}
container --echo.server.port="$TRAIN_ECHO_PORT" --server.port="$TRAIN_HTTP_PORT" \
    --echo.server.listeners.second.port="$TRAIN_LISTENER_PORT" &
server=$!
trap 'rm -rf "$extracted"; kill -KILL "$server" 2>/dev/null || true' EXIT

# echo on both listeners, with the image's own probe
probe() {
    ./probe "127.0.0.1:$@"
}
until probe "$TRAIN_ECHO_PORT" --count 1 >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || fail "the server failed to start"
    ((SECONDS < start_seconds)) || fail "the server did not echo within $start_seconds s"
done
for port in "$TRAIN_ECHO_PORT" "$TRAIN_LISTENER_PORT"; do
    probe "$port" --connections 8 --count 10000 || fail "echoes were wrong or missing on port $port"
done

# stop
kill -TERM "$server"
status=0
wait "$server" || status=$?
((status == 143)) || fail "the server exited with code $status instead of 143, the code for SIGTERM"
