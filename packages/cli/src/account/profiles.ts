/**
 * The files in which this program keeps who is logged in, one for each profile.
 * Promise: only their owner can read them; a file that others can read is not used; a token never leaves with anything else
 * than the address that it was got for.
 */
import { constants, type Stats } from 'node:fs'
import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { Type, type Static } from 'typebox'

import { shaped } from '../api/answers.ts'
import { usage } from '../failure.ts'

const ProfileSchema = Type.Object({
  version: Type.Literal(1),
  /** Base URLs: the operators' API and the public face. */
  server: Type.String(),
  gateway: Type.String(),
  tenant: Type.String(),
  user: Type.String(),
  session: Type.String(),
  token: Type.String({ pattern: '^[\\x21-\\x7e]{1,512}$' }),
  expires_at: Type.String(),
})
export type Profile = Readonly<Static<typeof ProfileSchema>>

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const OTHERS = 0o077
const hasModes = process.platform !== 'win32'

export function profileFile(directory: string, name: string): string {
  if (!NAME.test(name)) throw usage('A profile is named with letters, digits, dots, dashes and underscores.')
  return join(directory, `${name}.json`)
}

/** Undefined where nobody is logged in. @throws Failure where the file is not as safe as it must be, or damaged */
export async function readProfile(file: string): Promise<Profile | undefined> {
  let text: string
  try {
    await using handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    requirePrivate(file, await handle.stat())
    text = await handle.readFile('utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return undefined
    if (code === 'ELOOP')
      throw usage(`${file} is a link; it has to be a file of its own.`, `Remove it: rm ${file}`)
    if (code === 'EACCES' || code === 'EISDIR') throw usage(`${file} cannot be read (${code}).`)
    throw error
  }
  const profile = shaped(ProfileSchema, parsed(text))
  if (profile === undefined)
    throw usage(`${file} is damaged, or of another version.`, `Remove it and log in again: rm ${file}`)
  return profile
}

/** Replaced in one step, so that a reader or a crash never meets half of it. */
export async function writeProfile(file: string, profile: Profile): Promise<void> {
  const directory = join(file, '..')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  if (hasModes && ((await stat(directory)).mode & OTHERS) !== 0) await chmod(directory, 0o700)
  const draft = `${file}.${process.pid}.draft`
  await rm(draft, { force: true })
  {
    await using handle = await open(draft, 'wx', 0o600)
    await handle.writeFile(`${JSON.stringify(profile, undefined, 2)}\n`)
    await handle.sync()
  }
  await rename(draft, file)
}

export async function removeProfile(file: string): Promise<void> {
  await rm(file, { force: true })
}

/** @throws Failure unless the file is this user's, and nobody else can read or write it */
export function requirePrivate(file: string, { mode, uid }: Stats): void {
  if (!hasModes) return
  if ((mode & OTHERS) !== 0)
    throw usage(
      `${file} can be read by others, who may know its token by now. It is not used.`,
      `Log in again after: rm ${file}`,
    )
  if (uid !== process.getuid?.()) throw usage(`${file} belongs to somebody else. It is not used.`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
