#!/usr/bin/env bash
# Builds base images for the Dockerfile without a registry: Debian's essential packages plus, in the
# same directory as in Temurin's images, this machine's JDK or a runtime linked from it.
#
# usage: bases.sh JDK DIRECTORY
#   JDK is the directory of a JDK. DIRECTORY is recreated and then contains Debian's packages. The
#   images are localhost/jdk and localhost/jre, in the store that CONTAINERS_STORAGE_CONF selects.
set -euo pipefail

jdk=$(realpath "${1:?usage: bases.sh JDK DIRECTORY}")
debian=${2:?usage: bases.sh JDK DIRECTORY}
# Modules for development, which Temurin's JRE omits.
development='^jdk\.(attach|compiler|internal\.(ed|le|opt)|jartool|javadoc|jconsole|jdeps|jdi|jlink|jpackage|jshell|jstatd)$'

rm -rf "$debian"
debootstrap --variant=minbase "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$debian" >&2
rm -rf "$debian"/var/cache/apt/archives/*.deb "$debian"/var/lib/apt/lists/* "$debian"/usr/share/{doc,locale,man}

# base NAME COMMAND: builds an image with the files that COMMAND puts into the directory $home
base() {
    local container root home
    container=$(buildah from scratch)
    root=$(buildah mount "$container")
    home=$root/opt/java/openjdk
    mkdir -p "$root/opt/java"
    cp -a "$debian/." "$root"
    "$2"
    buildah umount "$container" >&2
    buildah config --env JAVA_HOME=/opt/java/openjdk --env LANG=C.UTF-8 \
        --env PATH=/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --rm "$container" "localhost/$1" >&2
}

copy_jdk() {
    cp -aL "$jdk" "$home"
}

link_runtime() {
    local modules
    modules=$("$jdk/bin/java" --list-modules | sed 's/@.*//' | grep -Ev "$development" | paste -sd,)
    "$jdk/bin/jlink" --add-modules "$modules" --output "$home" --no-header-files --no-man-pages --strip-debug
}

base jdk copy_jdk
base jre link_runtime
