/**
 * What an examination says: every finding is a sentence, and one that asks for something says what.
 */
export interface Finding {
  /** `problem`: a promise does not hold. `warning`: it may not, one fault further. `unseen`: it cannot be told from here. */
  readonly level: 'ok' | 'unseen' | 'warning' | 'problem'
  readonly about: 'api' | 'replicas' | 'clocks' | 'nats' | 'redis'
  readonly says: string
  readonly todo?: string
}

type About = Finding['about']

export function ok(about: About, says: string): Finding {
  return { level: 'ok', about, says }
}

export function unseen(about: About, says: string, todo?: string): Finding {
  return { level: 'unseen', about, says, ...(todo !== undefined && { todo }) }
}

export function warning(about: About, says: string, todo: string): Finding {
  return { level: 'warning', about, says, todo }
}

export function problem(about: About, says: string, todo: string): Finding {
  return { level: 'problem', about, says, todo }
}
