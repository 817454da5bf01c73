#!/usr/bin/env bash
# Installs what CI needs on a Debian machine, as root. Does nothing, and asks no server, where everything is there.
set -euo pipefail

packages=(
  ca-certificates # the authorities that npm, and the images built here, trust
  nats-server     # the broker: image of the container tests, and local processes
  curl            # the README's tour, run by test/flows
  redis-server    # the session store: likewise; brings redis-cli
  docker.io       # the engine that Testcontainers talks to
  busybox-static  # shell and small tools of the images that build-images.sh makes
  docker-compose  # runs infra/compose.yaml in test/containers
  nginx-light     # sends the same files beside the file service, in test/bench; asks the gateway, as caddy and haproxy do
  caddy           # the examples of docs/forward-auth.md
  haproxy         # likewise
  chromium        # looks at the account page in test/browser
  fonts-dejavu-core # letters for it
  spin            # checks the protocol models
  gcc             # compiles the verifiers that spin generates
  libc6-dev       # headers for gcc
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query --show --showformat '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then
  echo 'bootstrap: every package is there'
  exit 0
fi

if [ "$(id -u)" -ne 0 ]; then
  echo "bootstrap: needs root to install: ${missing[*]}" >&2
  exit 1
fi

# A test run needs the programs, not the services that their packages would start on the usual ports.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 0755 "$policy"
fi

echo "bootstrap: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
