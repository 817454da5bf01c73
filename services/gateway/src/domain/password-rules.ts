/**
 * ① Which new passwords are accepted: the rules of NIST SP 800-63B-4 §3.1.1.2.
 * Promise: long enough, not one that attackers try first, and nothing else: no demands on its composition, any Unicode.
 */

export type PasswordFault = 'too-short' | 'too-long' | 'unstable' | 'common' | 'context' | 'repetitive'

export interface PasswordRules {
  faultOf(password: string, context: readonly string[]): PasswordFault | undefined
  /** For the person who chose it. */
  explain(fault: PasswordFault): string
}

export interface PasswordRulesOptions {
  readonly lengthMin: number
  /** In small letters. */
  readonly commonPasswords: ReadonlySet<string>
}

/** Far above the 64 that must be possible; hashing costs the same for all of them. */
const LENGTH_MAX = 256
/** What is only a repetition of so few characters is no longer than these. */
const UNIT_MAX = 4

/** The one form in which passwords are set and checked: the same password typed on two systems must be the same bytes. */
export function normalisePassword(password: string): string {
  return password.normalize('NFKC')
}

export function createPasswordRules({ lengthMin, commonPasswords }: PasswordRulesOptions): PasswordRules {
  return {
    faultOf(password, context) {
      // Half a surrogate pair becomes another byte sequence on the way, and what is not assigned yet may normalise
      // differently one day.
      if (!password.isWellFormed() || /\p{Cn}/u.test(password)) return 'unstable'
      const normal = normalisePassword(password)
      const length = lengthOf(normal)
      if (length < lengthMin) return 'too-short'
      if (length > LENGTH_MAX) return 'too-long'
      const text = normal.toLowerCase()
      const bare = text.replaceAll(/[\p{P}\p{S}\p{Z}]/gu, '')
      if (isMadeOf(bare, context)) return 'context'
      if (formsOf(text, bare).some((form) => commonPasswords.has(form))) return 'common'
      return isMonotonous(bare) ? 'repetitive' : undefined
    },
    explain(fault) {
      switch (fault) {
        case 'too-short':
          return `it needs at least ${lengthMin} characters`
        case 'too-long':
          return `it may have at most ${LENGTH_MAX} characters`
        case 'unstable':
          return 'it holds characters that cannot be stored reliably'
        case 'common':
          return 'it is, or is made from, one of the passwords that attackers try first'
        case 'context':
          return 'it is made from the user name, the tenant or the name of this service'
        case 'repetitive':
          return 'it only repeats or counts a few characters'
      }
    },
  }
}

/** Each code point counts as one character, as the standard says. */
function lengthOf(text: string): number {
  return Array.from(text).length
}

/** The password as a whole, and what is left when the usual ways of making one longer are undone. */
function formsOf(text: string, bare: string): string[] {
  const core = bare.replaceAll(/^\d+|\d+$/g, '')
  return [text, bare, unitOf(bare), core, unitOf(core)].filter((form) => form !== '')
}

/** Nothing but context words, in any order and number, with digits around and between. */
function isMadeOf(bare: string, context: readonly string[]): boolean {
  let rest = bare
  const words = context.flatMap((word) => {
    const small = normalisePassword(word).toLowerCase()
    return [small.replaceAll(/[\p{P}\p{S}\p{Z}]/gu, ''), ...small.split(/[\p{P}\p{S}\p{Z}]+/u)]
  })
  for (const word of words.toSorted((a, b) => b.length - a.length))
    if (word.length >= 3) rest = rest.replaceAll(word, '')
  return rest !== bare && /^\d*$/.test(rest)
}

/** `abcabcab` is `abc`. */
function unitOf(text: string): string {
  for (let length = 1; length <= text.length / 2; length += 1)
    if (text.slice(length) === text.slice(0, -length)) return text.slice(0, length)
  return text
}

function isMonotonous(bare: string): boolean {
  const letters = Array.from(bare)
  if (lengthOf(unitOf(bare)) <= UNIT_MAX && letters.length > UNIT_MAX) return true
  // Counting up or down, with the digits and the alphabet taken as circles: 890123, xyzabc.
  const steps = letters.slice(1).map((letter, index) => stepBetween(letters[index] ?? '', letter))
  return steps.length > 0 && (steps.every((step) => step === 1) || steps.every((step) => step === -1))
}

function stepBetween(from: string, to: string): number {
  for (const circle of ['0123456789', 'abcdefghijklmnopqrstuvwxyz']) {
    const [a, b] = [circle.indexOf(from), circle.indexOf(to)]
    if (a === -1 || b === -1) continue
    const difference = (b - a + circle.length) % circle.length
    return difference === circle.length - 1 ? -1 : difference
  }
  return (to.codePointAt(0) ?? 0) - (from.codePointAt(0) ?? 0)
}
