/**
 * ①–⑦ The whole of Curfew for one test file: real servers, every service a process of its own, fresh identities.
 * Promise: everything answers when the promise resolves; nothing is left when the system is disposed of.
 */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import {
  SERVICE_NAMES,
  createDevelopmentIdentities,
  startServices,
  type DevelopmentAccount,
  type DevelopmentClient,
  type ServiceName,
  type ServiceProcess,
  type Services,
  type ServicesOptions,
} from '@curfew/local-system'

import { expectJson } from './expectations.ts'
import { BearerClient, BrowserClient, HttpClient } from './http-clients.ts'
import { createTemporaryDirectory, type TemporaryDirectory } from './temporary-directory.ts'
import { startTestServers, type TestServers } from './test-servers.ts'

/** How many processes of each service, and settings beyond the usual ones. */
export interface TestSystemOptions extends Pick<ServicesOptions, 'replicas' | 'env' | 'envOf'> {
  /** Those that run already; they are stopped with the system. */
  readonly servers?: TestServers
  /** Starts the operators' page as well, which few tests look at. */
  readonly console?: true
}

export interface TestSystem extends AsyncDisposable {
  readonly servers: TestServers
  /** Each can be killed, stopped and restarted; `replicas` has the further ones with their URLs. */
  readonly services: Services
  /** With their passwords. */
  readonly accounts: readonly DevelopmentAccount[]
  /** Trusted backends, with their secrets. */
  readonly clients: readonly DevelopmentClient[]
  /** Where `session`, `gateway-2`, … writes its log. */
  logFile(process: string): string
  account(username: string): DevelopmentAccount
  /** Every process says that it is ready: after servers came back, each finds them by itself. @throws after 20 s */
  untilReady(): Promise<void>
  /** Logs in as a program; at the first gateway unless another is named. */
  login(username: string, gateway?: string): Promise<BearerClient>
  /** Logs in as a browser. */
  openBrowser(username: string, gateway?: string): Promise<BrowserClient>
  /** Logs in at the operators' page, where that was started. */
  openConsole(username: string): Promise<BrowserClient>
}

/** `await using system = await startTestSystem()`. @throws with the end of its log when a part does not start. */
export async function startTestSystem(options: TestSystemOptions = {}): Promise<TestSystem> {
  const directory = await createTemporaryDirectory()
  try {
    const servers = options.servers ?? (await startTestServers())
    try {
      return await systemOn(servers, directory, options)
    } catch (error) {
      await servers.stop()
      throw error
    }
  } catch (error) {
    await directory.remove()
    throw error
  }
}

async function systemOn(
  servers: TestServers,
  directory: TemporaryDirectory,
  options: TestSystemOptions,
): Promise<TestSystem> {
  const { accounts, clients } = await createDevelopmentIdentities(directory.path)
  const idle: readonly ServiceName[] = options.console === true ? [] : ['console']
  const services = await startServices({ ...options, servers, directory: directory.path, idle })
  const started = SERVICE_NAMES.filter((service) => !idle.includes(service))

  const account = (username: string): DevelopmentAccount => {
    const found = accounts.find((candidate) => candidate.username === username)
    if (found === undefined) throw new Error(`nobody is called ${username} here`)
    return found
  }
  const credentialsOf = (username: string): object => {
    const { tenant, password } = account(username)
    return { tenant, username, password }
  }
  return {
    servers,
    services,
    accounts,
    clients,
    account,
    untilReady: () => untilReady(started.flatMap((service) => services.replicas[service])),
    logFile: (process) => join(directory.path, 'logs', `${process}.log`),
    login: async (username, gateway = services.gateway.url) => {
      const request = { ...credentialsOf(username), client: 'api' }
      const response = await new HttpClient(gateway).post('/login', request)
      const { token } = await expectJson<{ token: string }>(response, 200)
      return new BearerClient(gateway, token)
    },
    openBrowser: (username, gateway = services.gateway.url) =>
      signedIn(new BrowserClient(gateway), '/login', credentialsOf(username)),
    openConsole: (username) =>
      signedIn(new BrowserClient(services.console.url), '/api/login', credentialsOf(username)),
    [Symbol.asyncDispose]: async () => {
      await services.stop()
      await servers.stop()
      await directory.remove()
    },
  }
}

async function signedIn(browser: BrowserClient, path: string, credentials: object): Promise<BrowserClient> {
  const response = await browser.post(path, credentials)
  browser.csrfToken = (await expectJson<{ csrf_token: string }>(response, 200)).csrf_token
  return browser
}

const READY_WITHIN_MS = 20_000
const POLL_MS = 25

async function untilReady(processes: readonly ServiceProcess[]): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS
  for (const { name, operationsUrl } of processes) {
    while (!(await isReady(operationsUrl))) {
      if (performance.now() > deadline) throw new Error(`${name} is not ready`)
      await delay(POLL_MS)
    }
  }
}

async function isReady(operationsUrl: string): Promise<boolean> {
  try {
    const response = await fetch(new URL('/readyz', operationsUrl))
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}
