/**
 * The door of the checkout: `npm start`, `npm test`, and `check`, with nothing installed but Node 18 or later.
 * Promise: dependencies are there before anything runs, and when this process ends, nothing that it started goes on.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const PNPM = ['-y', 'pnpm@12.21.0']
const root = fileURLToPath(new URL('..', import.meta.url))
const node = `${root}node_modules/.bin/node`

/** What each command runs once everything is installed. */
const commands = {
  start: (args) => ({ command: node, args: ['infra/start/main.ts', ...args] }),
  test: (args) => ({ command: node, args: ['infra/test/main.ts', ...args] }),
  check: (args) => ({ command: 'npx', args: [...PNPM, 'run', 'check', ...args] }),
}

let child
let stopSignal

/** Runs to the end; answers the exit code. The channel to a script of ours closes with this process, even by `kill -9`. */
function run({ command, args }) {
  return new Promise((resolve) => {
    const stdio = command === node ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit'
    child = spawn(command, args, { cwd: root, stdio })
    child.on('error', (error) => {
      console.error(`${command} cannot be run: ${error.message}`)
      resolve(1)
    })
    child.on('exit', (code, signal) => resolve(signal === null ? code : 128 + constants.signals[signal]))
  })
}

function stop(signal) {
  stopSignal = signal
  child?.kill(signal)
}

/** A complete install leaves a copy of the lockfile that it installed. */
function isInstalled() {
  try {
    const installed = readFileSync(`${root}node_modules/.pnpm/lock.yaml`, 'utf8')
    return existsSync(node) && installed === readFileSync(`${root}pnpm-lock.yaml`, 'utf8')
  } catch {
    return false
  }
}

async function main([name = '', ...args]) {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    console.error(`usage: node infra/bootstrap.mjs ${Object.keys(commands).join('|')} [arguments]`)
    return 2
  }
  if (!isInstalled()) {
    console.log('Installing dependencies (the first time takes about half a minute)')
    const code = await run({ command: 'npx', args: [...PNPM, 'install', '--frozen-lockfile'] })
    if (code !== 0) return code
  }
  return stopSignal === undefined ? run(command(args)) : 128 + constants.signals[stopSignal]
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal))

// npm cannot pass on its own `kill -9`; losing it as the parent is how that shows.
if (process.env.npm_lifecycle_event !== undefined) {
  const npm = process.ppid
  setInterval(() => process.ppid === npm || stop('SIGTERM'), 1_000).unref()
}

process.exit(await main(process.argv.slice(2)))
