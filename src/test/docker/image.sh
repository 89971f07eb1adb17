#!/usr/bin/env bash
# Does without a container engine what the Dockerfile does with one, and then what its container
# does: extract, train, start with the cache, echo, stop. Nothing is pulled and nothing installed.
#
# usage: image.sh JAR DIRECTORY
#   JAR is the runnable jar; DIRECTORY is made anew and becomes what /app is in the image.
# environment, all optional: JAVA_HOME, TRAIN_ECHO_PORT, TRAIN_LISTENER_PORT and TRAIN_HTTP_PORT, as
# for train.sh
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

# extract; as COPY does, with the times that the cache is bound to
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

# start with the cache, in the background as the very process that gets SIGTERM
container() {
    exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" @jvm.options -XX:AOTCache=epoll-echo.aot -jar epoll-echo.jar "$@"
}
container --echo.server.port="$TRAIN_ECHO_PORT" --server.port="$TRAIN_HTTP_PORT" \
    --echo.server.listeners.second.port="$TRAIN_LISTENER_PORT" &
server=$!
trap 'rm -rf "$extracted"; kill -KILL "$server" 2>/dev/null || true' EXIT

# echo on both listeners, by the probe of the same image
probe() {
    ./probe "127.0.0.1:$@"
}
until probe "$TRAIN_ECHO_PORT" --count 1 >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || fail "the server did not start"
    ((SECONDS < start_seconds)) || fail "the server did not echo after $start_seconds s"
done
for port in "$TRAIN_ECHO_PORT" "$TRAIN_LISTENER_PORT"; do
    probe "$port" --connections 8 --count 10000 || fail "echoes were wrong or missing on $port"
done

# stop
kill -TERM "$server"
status=0
wait "$server" || status=$?
((status == 143)) || fail "the server ended with $status instead of 143, that of SIGTERM"
