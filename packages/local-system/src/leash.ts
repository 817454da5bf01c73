/**
 * Ends children whose parent is gone, however it went.
 * Promise: when this process ends, by `kill -9` too, every child that is held gets SIGTERM, and SIGKILL if that is not enough.
 */
import { spawn, type ChildProcess } from 'node:child_process'

// A shell on a pipe: the kernel closes our end whatever happens to us, and that is the signal. It lives in a session of
// its own, so that Ctrl-C and a closed terminal do not reach it.
const SCRIPT = `
held=
while read -r verb pid; do
  rest=
  for one in $held; do [ "$one" = "$pid" ] || rest="$rest $one"; done
  held=$rest
  [ "$verb" = hold ] && held="$held $pid"
done
[ -n "$held" ] || exit 0
kill -TERM $held 2>/dev/null
tries=0
while [ $tries -lt 50 ]; do
  alive=
  for one in $held; do kill -0 "$one" 2>/dev/null && alive="$alive $one"; done
  [ -n "$alive" ] || exit 0
  held=$alive
  tries=$((tries + 1))
  sleep 0.1
done
kill -KILL $held 2>/dev/null
`

let leash: ChildProcess | undefined

function tell(verb: 'hold' | 'release', pid: number): void {
  if (leash === undefined || leash.exitCode !== null) {
    leash = spawn('/bin/sh', ['-c', SCRIPT], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
    })
    // A shell that cannot start is no reason to fail: the children are then ended by stopping them, as usual.
    leash.on('error', () => {})
    leash.stdin?.on('error', () => {})
    leash.unref()
    const pipe = leash.stdin as { unref?: () => void } | null
    pipe?.unref?.()
  }
  leash.stdin?.write(`${verb} ${pid}\n`)
}

/** The same child, which ends when this process does, however that ends. */
export function leashed<T extends ChildProcess>(child: T): T {
  const { pid } = child
  if (pid === undefined) return child
  tell('hold', pid)
  // Its number may soon belong to another process.
  child.once('exit', () => tell('release', pid))
  return child
}
