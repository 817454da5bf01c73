/** ① nginx as a proxy of one worker, with and without a question to `/forward-auth` (docs/forward-auth.md). */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Child, findProgram, freePort } from '@curfew/local-system'

import { cpuUsOf } from './cpu-time.ts'

export interface Nginx {
  readonly url: string
  cpuUs(): Promise<number>
}

export interface NginxOptions {
  readonly command: string
  readonly directory: string
  /** Without one, it answers 204 itself: the least that anybody could who is asked. */
  readonly upstream?: string
  /** Address of the gateway that is asked about each request; nobody is asked without it. */
  readonly gateway?: string
}

/** The command; undefined where nginx, or what counts its processor time, is not there. */
export function findNginx(): string | undefined {
  return cpuUsOf(process.pid) === undefined ? undefined : findProgram('nginx')
}

export async function startNginx(
  stack: AsyncDisposableStack,
  { command, directory, upstream, gateway }: NginxOptions,
): Promise<Nginx> {
  const port = await freePort()
  const home = join(directory, `nginx-${port}`)
  await mkdir(home, { recursive: true })
  const file = join(home, 'nginx.conf')
  await writeFile(file, configOf({ home, port, upstream, gateway }))
  const url = `http://127.0.0.1:${port}`
  const child = new Child({
    name: 'nginx',
    command,
    args: ['-p', home, '-c', file, '-e', join(home, 'error.log')],
    env: {},
    cwd: home,
    logFile: join(home, 'nginx.log'),
    isReady: () => answers(url),
    readyTimeoutMs: 10_000,
  })
  stack.defer(() => child.stop())
  await child.start()
  return { url, cpuUs: () => Promise.resolve(cpuUsOf(child.pid) ?? 0) }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url)
    await response.body?.cancel()
    return true
  } catch {
    return false
  }
}

/** Connections to whoever is behind it are kept open, which nginx does not do by itself. */
function kept(name: string, url: string): string {
  return `upstream ${name} { server ${new URL(url).host}; keepalive 64; keepalive_requests 10000000; }`
}

function configOf(options: {
  home: string
  port: number
  upstream: string | undefined
  gateway: string | undefined
}): string {
  const { home, port, upstream, gateway } = options
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${home}/${kind};`,
  )
  return `
daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${home}/nginx.pid;
events { worker_connections 512; }
http {
  access_log off;
  keepalive_requests 10000000;
  ${temporary.join('\n  ')}
  ${upstream === undefined ? '' : kept('service', upstream)}
  ${gateway === undefined ? '' : kept('gateway', gateway)}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  server {
    listen 127.0.0.1:${port};
    location / {
      ${gateway === undefined ? '' : GUARD}
      ${upstream === undefined ? 'return 204;' : 'proxy_pass http://service;'}
    }
    ${gateway === undefined ? '' : QUESTION}
  }
}
`
}

const GUARD = `auth_request /_curfew;
      auth_request_set $session_relay $upstream_http_x_session_relay;
      auth_request_set $session_user $upstream_http_x_session_user;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer $session_relay";
      proxy_set_header X-Session-User $session_user;
      proxy_set_header Cookie "";`

const QUESTION = `location = /_curfew {
      internal;
      proxy_pass http://gateway/forward-auth?audience=documents;
      proxy_pass_request_body off;
      proxy_set_header Connection "";
      proxy_set_header Content-Length "";
      proxy_set_header X-Forwarded-Method $request_method;
      proxy_set_header X-Original-Method "";
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
    }`
