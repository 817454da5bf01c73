/**
 * ⑥ The signing keys of a service in a directory that its replicas share: `key-<number>.json`, each with the time from which
 * it signs. Whichever replica finds that the next key is due makes it.
 * Promise: all replicas go over from key to key at the same moment, and none signs with a key that verifiers cannot have yet.
 */
import { readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

import type { ClaimAlgorithm } from './claim.ts'
import { publishOnce } from './key-file.ts'
import {
  keyInForce,
  nextKeyDueMs,
  retiredKeys,
  scheduleOf,
  type Schedule,
  type Scheduled,
} from './key-schedule.ts'
import type { ClaimKeys } from './mint.ts'
import { generateSigningJwk, importSigningKey, type SigningKey } from './signing-key.ts'

export interface KeyDirectoryOptions {
  /** Private to the service, the same for all its replicas; where it cannot be written, keys come from elsewhere. */
  readonly directory: string
  /** Of keys that are made from now on; Ed25519 when not given. */
  readonly algorithm?: ClaimAlgorithm
  /** How long the claims of this service live. */
  readonly lifetimeSeconds: number
  /** How long a key signs. */
  readonly rotateEverySeconds: number
  /** How long a key is published before it signs: longer than anybody keeps the key set that he has seen. */
  readonly leadSeconds: number
  /** What happened to the keys, for the log; never a key. */
  readonly report?: (event: KeyEvent) => void
}

export type KeyEvent =
  | { readonly kind: 'made' | 'removed'; readonly keyId: string; readonly signsFrom: Date }
  | { readonly kind: 'failed'; readonly err: unknown }

export interface KeyDirectory extends ClaimKeys, Disposable {
  /** Reads the directory, makes a key that is due and removes those that are over. @throws when it cannot be read */
  refresh(nowMs?: number): Promise<void>
  /** Makes the next key now, to sign after the lead. */
  rotate(nowMs?: number): Promise<void>
  /** Removes a key at once; what it signed is refused as soon as verifiers look again. False when there is none. */
  withdraw(keyId: string, nowMs?: number): Promise<boolean>
  /** Which key signs from when, in order. */
  readonly keys: readonly { readonly keyId: string; readonly signsFrom: Date }[]
  /** False when the directory could not be read for so long that a key could have been missed. */
  isCurrent(nowMs?: number): boolean
}

interface HeldKey extends Scheduled {
  readonly name: string
  readonly key: SigningKey
}

/** The number of a key that was withdrawn stays taken: whoever remembers the key by its name must not meet another under it. */
const NAME = /^key-(\d{6,15})\.(json|withdrawn)$/
const REREAD_MS_MAX = 5_000
/** By how much the clocks of replicas and verifiers may differ. */
const CLOCK_DIFFERENCE_MS = 5_000

const keyFileShape = Compile(
  Type.Object(
    { signs_from: Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT[\d:.]+Z$` }), jwk: Type.Unknown() },
    { additionalProperties: false },
  ),
)

/** Looks into the directory now and then until disposed of. @throws when there is no key and none can be made */
export async function openKeyDirectory(options: KeyDirectoryOptions): Promise<KeyDirectory> {
  const keys = new Directory(options)
  await keys.refresh()
  keys.start()
  return keys
}

class Directory implements KeyDirectory {
  readonly #options: KeyDirectoryOptions
  readonly #leadMs: number
  readonly #keptMs: number
  #schedule: Schedule<HeldKey> = []
  #newestNumber = 0
  #readAtMs = -Infinity
  #turn: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  constructor(options: KeyDirectoryOptions) {
    this.#options = options
    this.#leadMs = options.leadSeconds * 1_000
    this.#keptMs = options.lifetimeSeconds * 1_000 + CLOCK_DIFFERENCE_MS
  }

  get keys(): KeyDirectory['keys'] {
    return this.#schedule.map(described)
  }

  inForce(nowMs: number): SigningKey {
    const held = keyInForce(this.#schedule, nowMs)
    if (held === undefined) throw new Error('there is no key to sign with')
    return held.key
  }

  published(nowMs: number): readonly SigningKey[] {
    const retired = retiredKeys(this.#schedule, nowMs, this.#keptMs)
    return this.#schedule.filter((held) => !retired.includes(held)).map(({ key }) => key)
  }

  isCurrent(nowMs = Date.now()): boolean {
    return nowMs - this.#readAtMs < this.#leadMs
  }

  refresh(nowMs = Date.now()): Promise<void> {
    return this.#inTurn(() => this.#refresh(nowMs))
  }

  rotate(nowMs = Date.now()): Promise<void> {
    return this.#inTurn(async () => {
      await this.#read(nowMs)
      await this.#makeNext(nowMs)
    })
  }

  withdraw(keyId: string, nowMs = Date.now()): Promise<boolean> {
    return this.#inTurn(async () => {
      await this.#read(nowMs)
      const held = this.#schedule.find(({ key }) => key.keyId === keyId)
      if (held === undefined) return false
      await publishOnce(join(this.#options.directory, held.name.replace(/json$/, 'withdrawn')), '')
      await this.#remove(held)
      await this.#refresh(nowMs)
      return true
    })
  }

  start(): void {
    const everyMs = Math.min(REREAD_MS_MAX, this.#leadMs / 4)
    this.#timer = setInterval(() => void this.#attempt(() => this.refresh()), everyMs).unref()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  /** What is decided from a reading must come before the next one. */
  #inTurn<Result>(action: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(action, action)
    this.#turn = turn
    return turn
  }

  async #refresh(nowMs: number): Promise<void> {
    await this.#read(nowMs)
    const { rotateEverySeconds } = this.#options
    const due = nextKeyDueMs(this.#schedule, {
      rotateEveryMs: rotateEverySeconds * 1_000,
      leadMs: this.#leadMs,
    })
    if (nowMs >= due) await this.#attempt(() => this.#makeNext(nowMs))
    for (const held of retiredKeys(this.#schedule, nowMs, this.#keptMs))
      await this.#attempt(() => this.#remove(held))
    if (this.#schedule.length === 0) throw new Error('there is no key to sign with, and none could be made')
  }

  async #read(nowMs: number): Promise<void> {
    const { directory } = this.#options
    const held = new Map(this.#schedule.map((each) => [each.name, each]))
    const found: HeldKey[] = []
    this.#newestNumber = 0
    for (const name of await readdir(directory)) {
      const [, number, kind] = NAME.exec(name) ?? []
      if (number === undefined) continue
      this.#newestNumber = Math.max(this.#newestNumber, Number(number))
      const known = held.get(name)
      if (known !== undefined) found.push(known)
      // A key that cannot be read is no reason to forget the others.
      else if (kind === 'json')
        await this.#attempt(async () => void found.push(await readKey(directory, name)))
    }
    this.#schedule = scheduleOf(found)
    this.#readAtMs = nowMs
  }

  /** Of replicas that have read the same, one makes the next number; the others read what that one has made. */
  async #makeNext(nowMs: number): Promise<void> {
    const name = `key-${String(this.#newestNumber + 1).padStart(6, '0')}.json`
    // The first key of all needs no lead: nobody has seen a set without it.
    const signsFrom = new Date(this.#schedule.length === 0 ? nowMs : nowMs + this.#leadMs)
    const jwk = generateSigningJwk(this.#options.algorithm ?? 'Ed25519')
    const text = JSON.stringify({ signs_from: signsFrom.toISOString(), jwk })
    const isMade = await publishOnce(join(this.#options.directory, name), text)
    if (isMade) this.#options.report?.({ kind: 'made', keyId: jwk.kid, signsFrom })
    await this.#read(nowMs)
  }

  async #remove({ name, key, signsFromMs }: HeldKey): Promise<void> {
    await rm(join(this.#options.directory, name), { force: true })
    this.#schedule = this.#schedule.filter((each) => each.name !== name)
    this.#options.report?.({ kind: 'removed', keyId: key.keyId, signsFrom: new Date(signsFromMs) })
  }

  async #attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (err) {
      this.#options.report?.({ kind: 'failed', err })
    }
  }
}

function described({ key, signsFromMs }: HeldKey): { readonly keyId: string; readonly signsFrom: Date } {
  return { keyId: key.keyId, signsFrom: new Date(signsFromMs) }
}

async function readKey(directory: string, name: string): Promise<HeldKey> {
  const { signs_from: signsFrom, jwk } = parseKeyFile(await readFile(join(directory, name), 'utf8'), name)
  const signsFromMs = Date.parse(signsFrom)
  if (Number.isNaN(signsFromMs)) throw new TypeError(`${name} does not say from when its key signs`)
  return { name, signsFromMs, key: await importSigningKey(jwk) }
}

/** The parsers' own messages quote what they have read. */
function parseKeyFile(text: string, name: string): { readonly signs_from: string; readonly jwk: unknown } {
  try {
    const file: unknown = JSON.parse(text)
    if (keyFileShape.Check(file)) return file
  } catch {
    // The same answer as below.
  }
  throw new TypeError(`${name} is no key file`)
}
