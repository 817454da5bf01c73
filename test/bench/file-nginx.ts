/** A peer that sends files as fast as this machine can: nginx, one worker, with sendfile on one port and without on another. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { findProgram } from '@curfew/local-system'

export interface NginxOptions {
  /** For its configuration and its temporary files. */
  readonly directory: string
  readonly root: string
  readonly ports: Readonly<Record<'sendfile' | 'copying', number>>
}

const READY_WITHIN_MS = 10_000

/** Undefined where this machine has none. @throws Error when it does not start */
export async function startFileNginx({
  directory,
  root,
  ports,
}: NginxOptions): Promise<AsyncDisposable | undefined> {
  const program = findProgram('nginx')
  if (program === undefined) return undefined
  const file = join(directory, 'nginx.conf')
  await writeFile(file, configuration(directory, root, ports))
  const nginx = spawn(program, ['-c', file, '-p', directory, '-e', join(directory, 'nginx-error.log')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = once(nginx, 'exit')
  for (const deadline = performance.now() + READY_WITHIN_MS; ; await delay(25)) {
    if (
      await fetch(`http://127.0.0.1:${ports.copying}/`).then(
        () => true,
        () => false,
      )
    )
      break
    if (nginx.exitCode !== null || performance.now() > deadline) throw new Error('nginx did not start')
  }
  return {
    async [Symbol.asyncDispose]() {
      nginx.kill('SIGTERM')
      await ended
    },
  }
}

function configuration(directory: string, root: string, ports: NginxOptions['ports']): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${join(directory, `nginx-${name}`)};`,
  )
  const server = (port: number, sendfile: 'on' | 'off'): string =>
    `  server { listen 127.0.0.1:${port}; root ${root}; sendfile ${sendfile}; tcp_nopush on; }`
  return [
    // The files are readable by their owner only.
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'daemon off;',
    'worker_processes 1;',
    `pid ${join(directory, 'nginx.pid')};`,
    'events {}',
    'http {',
    '  access_log off;',
    ...temporary,
    server(ports.sendfile, 'on'),
    server(ports.copying, 'off'),
    '}',
    '',
  ].join('\n')
}
