/**
 * What the shell is told: the table that README.md and tests are held to.
 * Promise: 0 is said only of what has been done and confirmed; a code, once published, keeps its meaning.
 */
export const EXIT = {
  /** Done, and where it changes something: confirmed by every verifier. */
  done: 0,
  /** A check has found that something is wrong: `doctor`, `audit --verify`. */
  foundWrong: 1,
  /** The command line, the settings or the files on this machine are not usable; nothing has been asked of the server. */
  usage: 2,
  /** It may hold, or hold only in part so far: nobody has confirmed it. */
  unconfirmed: 3,
  /** The authority refuses, or whoever was asked at the terminal does not want it. */
  refused: 4,
  /** The server cannot be reached, or what answers is not Curfew. */
  unreachable: 5,
  /** A fault of this program. */
  broken: 70,
  /** Nothing was changed, and the answer could not be written. */
  unwritten: 74,
  /** Ctrl-C while nothing was under way. */
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
