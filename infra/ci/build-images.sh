#!/usr/bin/env bash
# Builds the images that the container tests use from the programs of this machine, so that no registry is needed:
# curfew/base:local, curfew/node:local, curfew/nats:local and curfew/redis:local. They behave like alpine,
# node:24-slim, nats:2-alpine and redis:7-alpine as far as the tests, infra/Dockerfile and infra/compose.yaml use those.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

program() {
  PATH="$PATH:/usr/sbin:/sbin" command -v "$1" || {
    echo "build-images: $1 is not installed" >&2
    exit 1
  }
}

# Copies a program and the shared libraries it loads; the dynamic loader is in ldd's list as well.
add_program() {
  local root=$1 source=$2 target=$3 library
  install -D -m 0755 "$(readlink -f "$source")" "$root$target"
  for library in $(ldd "$source" 2>/dev/null | grep -oE '/[^ ]+\.so[^ ]*' || true); do
    [ -e "$root$library" ] || install -D -m 0755 "$(readlink -f "$library")" "$root$library"
  done
}

# A file system with merged /usr, a shell, the usual small tools (busybox), certificate authorities and two accounts.
make_base() {
  local root=$1 applet
  mkdir -p "$root"/{etc/ssl/certs,usr/{bin,sbin,lib,lib64,local/bin},dev,proc,sys,root,run,var/lib,tmp}
  chmod 1777 "$root/tmp"
  for directory in bin sbin lib lib64; do ln -s "usr/$directory" "$root/$directory"; done
  add_program "$root" "$(program busybox)" /usr/bin/busybox
  for applet in $(busybox --list); do
    [ "$applet" = busybox ] || ln -s busybox "$root/usr/bin/$applet"
  done
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
}

# import_image NAME ROOT INSTRUCTION... : a flat image, plus Dockerfile instructions for its configuration.
import_image() {
  local name=$1 root=$2 changes=()
  shift 2
  for instruction in 'ENV PATH=/usr/local/bin:/usr/bin:/usr/sbin' "$@"; do changes+=(--change "$instruction"); done
  tar --numeric-owner --owner=0 --group=0 -C "$root" -c . | docker import "${changes[@]}" - "$name" >/dev/null
  echo "built $name"
}

base=$scratch/base
make_base "$base"
import_image curfew/base:local "$base" 'CMD ["sh"]'

node=$scratch/node
cp -a "$base" "$node"
add_program "$node" "$(readlink -f "$checkout/node_modules/node/bin/node")" /usr/local/bin/node
import_image curfew/node:local "$node" 'CMD ["node"]'

nats=$scratch/nats
cp -a "$base" "$nats"
add_program "$nats" "$(program nats-server)" /usr/local/bin/nats-server
import_image curfew/nats:local "$nats" 'ENTRYPOINT ["nats-server"]' 'EXPOSE 4222'

redis=$scratch/redis
cp -a "$base" "$redis"
mkdir "$redis/data"
add_program "$redis" "$(program redis-server)" /usr/local/bin/redis-server
add_program "$redis" "$(program redis-cli)" /usr/local/bin/redis-cli
import_image curfew/redis:local "$redis" 'WORKDIR /data' 'CMD ["redis-server"]' 'EXPOSE 6379'
