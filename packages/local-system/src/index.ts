// The two servers.
export { createCredentials, keepCredentials } from './credentials.ts'
export type { Credentials, NatsUser, RedisUser } from './credentials.ts'
export { natsConfig, natsEnvironment, redisConfig } from './server-config.ts'
export { natsAnswers, redisAnswers } from './server-probes.ts'
export { startServerProcesses } from './server-processes.ts'
export type { ServerProcessesOptions } from './server-processes.ts'
export { startServers } from './start-servers.ts'
export { NoServers } from './servers.ts'
export type { Progress, ServerHandle, Servers } from './servers.ts'

// The services.
export { createDevelopmentIdentities } from './identities.ts'
export type { DevelopmentAccount, DevelopmentClient, DevelopmentIdentities } from './identities.ts'
export { startServices } from './services.ts'
export type { ServiceProcess, Services, ServicesOptions } from './services.ts'
export type { ServiceName } from './service-settings.ts'

// What runs them.
export { ChildFailed, endAllChildren } from './child.ts'
export type { UnexpectedExit } from './child.ts'
export { developmentFile } from './development-file.ts'
export type { DevelopmentFile } from './development-file.ts'
export { PortFaults, checkPorts, planPorts } from './port-plan.ts'
export type { PortPlan } from './port-plan.ts'
export { writePrivateFile, writePrivateJson } from './private-files.ts'
export { AlreadyRunning, takeDirectory } from './run-record.ts'
export type { RunRecord } from './run-record.ts'
export { freePort } from './tcp-ports.ts'
