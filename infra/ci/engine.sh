# shellcheck shell=bash
# A Docker engine of one CI run: everything it keeps is in one directory, and it is gone when the run is. Sourced.

engine_pid=
engine_directory=

# start_engine DIRECTORY: returns when the engine answers on DIRECTORY/docker.sock; DIRECTORY must be short (a socket's path is).
start_engine() {
  engine_directory=$1
  local flags=(
    --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/docker.pid" --host "unix://$1/docker.sock"
    --bridge none  # every test makes its own network; the machine gets no docker0
  )
  # The engine leaves the machine's firewall alone: published ports go through docker-proxy, and containers reach each
  # other but nothing outside. Where an earlier engine has left forwarding closed, that only works with rules of its own.
  if ! iptables -S FORWARD 2>/dev/null | grep -q -- '^-P FORWARD DROP'; then
    flags+=(--iptables=false --ip6tables=false)
  fi
  # It must not hear the terminal's Ctrl-C before the tests have ended, and must end when this shell is killed.
  PATH="$PATH:/usr/sbin:/sbin" setsid setpriv --pdeathsig TERM dockerd "${flags[@]}" >"$1/dockerd.log" 2>&1 </dev/null &
  engine_pid=$!
  for _ in $(seq 150); do
    if docker --host "unix://$1/docker.sock" version >/dev/null 2>&1; then return 0; fi
    kill -0 "$engine_pid" 2>/dev/null || break
    sleep 0.2
  done
  echo 'engine: dockerd does not come up; the end of its log:' >&2
  tail -n 20 "$1/dockerd.log" >&2
  return 1
}

# Ends the engine with everything in it. Safe to call at any moment, also when it has never started.
stop_engine() {
  [ -n "$engine_pid" ] || return 0
  local docker=(docker --host "unix://$engine_directory/docker.sock") containers mount
  containers=$("${docker[@]}" ps --all --quiet 2>/dev/null || true)
  # shellcheck disable=SC2086 # one word per container
  [ -z "$containers" ] || "${docker[@]}" rm --force --volumes $containers >/dev/null 2>&1 || true
  "${docker[@]}" network prune --force >/dev/null 2>&1 || true
  kill "$engine_pid" 2>/dev/null || true
  wait "$engine_pid" 2>/dev/null || true
  engine_pid=
  for mount in $(awk -v prefix="$engine_directory/" 'index($2, prefix) == 1 { print $2 }' /proc/mounts); do
    umount --lazy "$mount" 2>/dev/null || true
  done
}

# remove_containers_of_run RUN: what the tests of this run have left behind, if they could not clean up themselves.
remove_containers_of_run() {
  local project="com.docker.compose.project=curfew-test-$1" containers
  containers=$(
    docker ps --all --quiet --filter "label=curfew.test-run=$1" 2>/dev/null
    docker ps --all --quiet --filter "label=$project" 2>/dev/null
  ) || return 0
  # shellcheck disable=SC2086 # one word per container
  [ -z "$containers" ] || docker rm --force --volumes $containers >/dev/null 2>&1 || true
  docker volume prune --force --filter "label=$project" >/dev/null 2>&1 || true
  docker network prune --force --filter "label=$project" >/dev/null 2>&1 || true
  docker network prune --force --filter label=org.testcontainers=true >/dev/null 2>&1 || true
}
