/** What stands for `node:crypto` in the code under test: digests as they are, chance by the seed. */
import { theChance } from './virtual-globals.ts'

export * from 'node:crypto'

export function randomBytes(count: number): Buffer {
  return theChance().bytes(count)
}

export function randomUUID(): string {
  return theChance()
    .bytes(16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
