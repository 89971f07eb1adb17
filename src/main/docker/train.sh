#!/usr/bin/env bash
# Creates the AOT cache of an extracted application by running it: start, health, metrics, echoes on
# two listeners, SIGTERM, drain. Starting it alone would not train the code that echoes.
#
# usage: train.sh DIRECTORY OUTPUT
#   DIRECTORY contains epoll-echo.jar with its lib/, jvm.options and the container's application.yml,
#   and is not changed. OUTPUT is created if necessary and receives epoll-echo.aot.
# environment, all optional:
#   JAVA_HOME            the JDK or JRE to train for; defaults to the java on the path
#   TRAIN_ECHO_PORT      the port of the default listener; defaults to 7777
#   TRAIN_LISTENER_PORT  the port of a second listener; defaults to 7778
#   TRAIN_HTTP_PORT      the port of the actuator; defaults to 8080
set -euo pipefail

export LC_ALL=C # so that read -N counts bytes

directory="${1:?usage: train.sh DIRECTORY OUTPUT}"
mkdir -p "${2:?usage: train.sh DIRECTORY OUTPUT}"
cache="$(cd "$2" && pwd)/epoll-echo.aot"
cd "$directory"
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
echo_port="${TRAIN_ECHO_PORT:-7777}"
listener_port="${TRAIN_LISTENER_PORT:-7778}"
http_port="${TRAIN_HTTP_PORT:-8080}"
start_seconds=120

fail() {
    echo "train.sh: $*" >&2
    exit 1
}

# http PATH: sends a GET request and fails unless the status is 200
http() {
    local answer
    exec 4<>"/dev/tcp/127.0.0.1/$http_port" || return
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$1" >&4
    answer=$(cat <&4)
    exec 4>&-
    [[ $answer == HTTP/1.?' 200'* ]]
}

# echoes PORT COUNT SIZE: sends COUNT messages over one connection and verifies each echo
echoes() {
    local message back
    message=$(head -c "$3" /dev/zero | tr '\0' 'e')
    exec 5<>"/dev/tcp/127.0.0.1/$1"
    for ((i = 0; i < $2; i++)); do
        printf '%s' "$message" >&5
        IFS= read -r -N "$3" -t 10 back <&5 || fail "port $1 did not echo a message of $3 bytes"
        [[ $back == "$message" ]] || fail "port $1 echoed wrong bytes for a message of $3 bytes"
    done
    exec 5>&-
}

rm -f "$cache"
# At level warning, the JVM lists each class that the cache cannot hold, such as proxies.
"$java" @jvm.options -XX:AOTCacheOutput="$cache" -Xlog:aot=error -jar epoll-echo.jar \
    --echo.server.port="$echo_port" --echo.server.listeners.training.port="$listener_port" \
    --server.port="$http_port" &
server=$!
trap 'kill -KILL "$server" 2>/dev/null || true' EXIT

until http /actuator/health/readiness 2>/dev/null; do
    kill -0 "$server" 2>/dev/null || fail "the server failed to start"
    ((SECONDS < start_seconds)) || fail "the server was not ready within $start_seconds s"
    read -r -t 0.1 <> <(:) || true
done
for _ in 1 2 3; do
    http /actuator/health/liveness && http /actuator/health/readiness || fail "a probe failed"
    http /actuator/prometheus && http /actuator/echo || fail "the actuator did not respond"
done
for _ in {1..10}; do
    for port in "$echo_port" "$listener_port"; do
        echoes "$port" 50 64
        echoes "$port" 2 16384
    done
done

exec 6<>"/dev/tcp/127.0.0.1/$echo_port" # a connection to drain
kill -TERM "$server"
cat <&6 >/dev/null # until the server closes the connection
exec 6>&-
status=0
wait "$server" || status=$?
trap - EXIT
((status == 143)) || fail "the server exited with code $status instead of 143, the code for SIGTERM"
"$java" @jvm.options -XX:AOTCache="$cache" -XX:AOTMode=on -cp epoll-echo.jar -version ||
    fail "the JVM cannot use the cache that it created"
