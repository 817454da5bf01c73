/** Everything that the domain reports. An adapter makes a log line, a metric and an audit event of each call. */
import type { LogReports } from '../log/ports.ts'
import type { CallerReports } from '../operators/ports.ts'
import type { RevocationReports } from '../revocations/ports.ts'
import type { SessionReports } from '../sessions/ports.ts'

export interface Reports extends LogReports, SessionReports, CallerReports, RevocationReports {}
