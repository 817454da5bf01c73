/**
 * The steps from a directory to a running system: secrets, servers, services, and the file that tells of them.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'

import {
  createDevelopmentIdentities,
  developmentFile,
  keepCredentials,
  moveFormerPasswords,
  serviceSettings,
  startServers,
  startServices,
  writePrivateFile,
  writePrivateJson,
  type DevelopmentIdentities,
  type RunRecord,
  type Servers,
  type Services,
  type UnexpectedExit,
} from '@curfew/local-system'

import type { Settings } from './settings.ts'
import { say } from './terminal.ts'

export interface RunningSystem {
  readonly servers: Servers
  readonly services: Services
  readonly identities: DevelopmentIdentities
}

/** @throws ChildFailed, NoServers: what has been started by then still runs, and is ended with everything else */
export async function startSystem(
  { directory, ports, services: env }: Settings,
  record: RunRecord,
  onUnexpectedExit: (exit: UnexpectedExit) => void,
): Promise<RunningSystem> {
  const identities = await identitiesOf(directory, env)
  const servers = await startServers({
    directory,
    credentials: keepCredentials(directory),
    natsPort: ports.nats,
    redisPort: ports.redis,
    onProgress: say,
    onUnexpectedExit,
  })
  const serverPids = [servers.nats.pid, servers.redis.pid]
  record.remember(serverPids)
  await moveFormerPasswords(servers, directory, say)
  const { session, documents, files, gateway, console } = ports
  const made = serviceSettings({ servers, identities, directory, ports })
  writePrivateFile(join(directory, SESSION_SETTINGS), shellText({ ...made.session, ...env.session }))
  const services = await startServices({
    servers,
    directory,
    ports: { session, documents, files, gateway, console },
    env,
    onProgress: say,
    onUnexpectedExit,
  })
  record.remember([
    ...serverPids,
    ...Object.values(services.replicas).flatMap((replicas) => replicas.map(({ pid }) => pid)),
  ])
  return { servers, services, identities }
}

/** Without the accounts or the client that a file of somebody else's replaces: their passwords would open nothing. */
async function identitiesOf(directory: string, env: Settings['services']): Promise<DevelopmentIdentities> {
  const made = await createDevelopmentIdentities(directory)
  return {
    ...made,
    accounts: env.gateway['GATEWAY_ACCOUNTS_FILE'] === undefined ? made.accounts : [],
    clients: env.session['SESSION_CLIENTS_FILE'] === undefined ? made.clients : [],
  }
}

const DEVELOPMENT_FILE = 'dev.json'
/** For the commands of administrators, which take the settings of the session service from their environment. */
const SESSION_SETTINGS = 'session.env'
const LOGINS = 'logins'

/** Writes `dev.json`, and the body of a login for each account so that it can be sent as it is. */
export function publish(directory: string, system: RunningSystem): void {
  for (const { tenant, username, password } of system.identities.accounts)
    writePrivateJson(join(directory, LOGINS, `${username}.json`), {
      tenant,
      username,
      password,
      client: 'api',
    })
  writePrivateJson(join(directory, DEVELOPMENT_FILE), developmentFile(system))
}

/** Without it nobody takes addresses and process numbers of an earlier run for real. */
export function unpublish(directory: string): void {
  rmSync(join(directory, DEVELOPMENT_FILE), { force: true })
  rmSync(join(directory, SESSION_SETTINGS), { force: true })
}

function shellText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join('')
}
