#!/usr/bin/env bash
# Makes the AOT cache of an extracted application by a real run of it: start, health, metrics,
# echoes over two listeners, SIGTERM, drain. A run that ended with the start would leave out just
# what the server does all day.
#
# usage: train.sh DIRECTORY OUTPUT
#   DIRECTORY holds epoll-echo.jar with its lib/, jvm.options and the container's application.yml; it
#   is only read. OUTPUT is a directory, made if need be, that gets epoll-echo.aot.
# environment, all optional:
#   JAVA_HOME            the Java to train for, else the java on the path
#   TRAIN_ECHO_PORT      port of the default listener meanwhile, 7777 if not set
#   TRAIN_LISTENER_PORT  port of a second listener, 7778 if not set
#   TRAIN_HTTP_PORT      port of the actuator, 8080 if not set
set -euo pipefail

export LC_ALL=C # characters are bytes

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

# http PATH: prints the answer to a GET, fails unless it is 200
http() {
    local answer
    exec 4<>"/dev/tcp/127.0.0.1/$http_port" || return
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$1" >&4
    answer=$(cat <&4)
    exec 4>&-
    [[ $answer == HTTP/1.?' 200'* ]]
}

# echoes PORT COUNT SIZE: sends that many messages over one connection, and takes each one back
echoes() {
    local message back
    message=$(head -c "$3" /dev/zero | tr '\0' 'e')
    exec 5<>"/dev/tcp/127.0.0.1/$1"
    for ((i = 0; i < $2; i++)); do
        printf '%s' "$message" >&5
        IFS= read -r -N "$3" -t 10 back <&5 || fail "an echo of $3 bytes did not come back from $1"
        [[ $back == "$message" ]] || fail "an echo of $3 bytes came back changed from $1"
    done
    exec 5>&-
}

rm -f "$cache"
# At level warning it lists each class that no cache can hold, the proxies for instance.
"$java" @jvm.options -XX:AOTCacheOutput="$cache" -Xlog:aot=error -jar epoll-echo.jar \
    --echo.server.port="$echo_port" --echo.server.listeners.training.port="$listener_port" \
    --server.port="$http_port" &
server=$!
trap 'kill -KILL "$server" 2>/dev/null || true' EXIT

until http /actuator/health/readiness 2>/dev/null; do
    kill -0 "$server" 2>/dev/null || fail "the server did not start"
    ((SECONDS < start_seconds)) || fail "the server was not ready after $start_seconds s"
    read -r -t 0.1 <> <(:) || true
done
for _ in 1 2 3; do
    http /actuator/health/liveness && http /actuator/health/readiness || fail "a probe failed"
    http /actuator/prometheus && http /actuator/echo || fail "the actuator did not answer"
done
for _ in {1..10}; do
    for port in "$echo_port" "$listener_port"; do
        echoes "$port" 50 64
        echoes "$port" 2 16384
    done
done

exec 6<>"/dev/tcp/127.0.0.1/$echo_port" # something to drain
kill -TERM "$server"
cat <&6 >/dev/null # until the server says that it is done
exec 6>&-
status=0
wait "$server" || status=$?
trap - EXIT
((status == 143)) || fail "the server ended with $status instead of 143, that of SIGTERM"
"$java" @jvm.options -XX:AOTCache="$cache" -XX:AOTMode=on -cp epoll-echo.jar -version ||
    fail "the cache is no good for the application it was made from"
