/**
 * ① The proxies of docs/forward-auth.md, each started with the example as it is printed there, on ports of its own.
 */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { Child, findProgram, freePort } from '@curfew/local-system'

const DOCUMENT = fileURLToPath(new URL('../../../docs/forward-auth.md', import.meta.url))

export interface FrontProxy {
  readonly name: string
  /** The program; undefined where this machine does not have it. */
  readonly command: string | undefined
  /** Writes its configuration into `home`. @returns the arguments that start it in the foreground */
  configure(home: string, example: (language: string) => string): Promise<string[]>
}

export const FRONT_PROXIES: readonly FrontProxy[] = [
  {
    name: 'nginx',
    command: findProgram('nginx'),
    async configure(home, example) {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (kind) => `${kind}_temp_path ${home}/${kind};`,
      )
      const file = join(home, 'nginx.conf')
      await writeFile(
        file,
        `daemon off; master_process off; pid ${home}/nginx.pid; events {}
        http { access_log off; ${temporary.join(' ')} ${example('nginx')} }`,
      )
      return ['-p', home, '-c', file, '-e', join(home, 'error.log')]
    },
  },
  {
    name: 'Caddy',
    command: findProgram('caddy'),
    async configure(home, example) {
      const file = join(home, 'Caddyfile')
      await writeFile(file, `{\n\tadmin off\n}\n${example('caddyfile')}`)
      return ['run', '--config', file, '--adapter', 'caddyfile']
    },
  },
  {
    name: 'HAProxy',
    command: findProgram('haproxy'),
    async configure(home, example) {
      await writeFile(join(home, 'curfew.lua'), example('lua'))
      await writeFile(join(home, 'haproxy.cfg'), example('haproxy'))
      return ['-db', '-C', home, '-f', 'haproxy.cfg']
    },
  },
]

/** Where each of the three parts of an example listens in this test. */
export interface FrontPorts {
  readonly gateway: string
  readonly service: string
}

export async function startFrontProxy(
  proxy: FrontProxy,
  directory: string,
  { gateway, service }: FrontPorts,
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const { name, command } = proxy
  if (command === undefined) throw new Error(`${name} is not on this machine`)
  const home = join(directory, name)
  await mkdir(home)
  // A proxy that gives up root for its own user writes here as well.
  await chmod(home, 0o777)
  const document = await readFile(DOCUMENT, 'utf8')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const example = (language: string): string => {
    const [, text] = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(document) ?? []
    if (text === undefined) throw new Error(`docs/forward-auth.md has no example in ${language}`)
    return text
      .replaceAll('127.0.0.1:8000', `127.0.0.1:${port}`)
      .replaceAll('127.0.0.1:8080', new URL(gateway).host)
      .replaceAll('127.0.0.1:8082', new URL(service).host)
  }
  const child = new Child({
    name,
    command,
    args: await proxy.configure(home, example),
    env: { HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home },
    cwd: home,
    logFile: join(home, 'output.log'),
    isReady: () => answers(url),
    readyTimeoutMs: 10_000,
  })
  await child.start()
  return { url, stop: () => child.stop() }
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
