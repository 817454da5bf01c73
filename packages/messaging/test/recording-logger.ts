/** Keeps what is logged. */
import type { MessagingLogger } from '../src/index.ts'

export function recordingLogger(): { logger: MessagingLogger; logged: Record<string, unknown>[] } {
  const logged: Record<string, unknown>[] = []
  const record = (level: string) => (fields: object) => void logged.push({ level, ...fields })
  return { logger: { info: record('info'), warn: record('warn'), error: record('error') }, logged }
}
