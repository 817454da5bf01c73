/**
 * Questions at the terminal, on standard error, so that standard output stays the answer's.
 * Promise: a password is never shown; Ctrl-C and Ctrl-D end the question and nothing else happens.
 */
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'

/** Whether somebody is there who can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

export async function askText(question: string, standard?: string): Promise<string> {
  const shown = standard === undefined ? `${question}: ` : `${question} (${standard}): `
  const answer = (await ask(shown, process.stderr)).trim()
  return answer === '' ? (standard ?? '') : answer
}

export async function askSecret(question: string): Promise<string> {
  const secret = await ask(`${question}: `, nowhere())
  process.stderr.write('\n')
  return secret
}

/** @param echo shows what is typed: the terminal itself is silent as long as the question stands. */
function ask(question: string, echo: NodeJS.WritableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: process.stdin, output: echo, terminal: true, historySize: 0 })
    let answer: string | undefined
    lines.once('line', (line) => {
      answer = line
      lines.close()
    })
    lines.once('SIGINT', () => lines.close())
    // Ctrl-D and a terminal that goes away end here as well.
    lines.once('close', () => {
      if (answer !== undefined) return resolve(answer)
      process.stderr.write('\n')
      reject(new Failure(EXIT.interrupted, 'Cancelled; nothing has been done.', { code: 'cancelled' }))
    })
    lines.setPrompt(echo === process.stderr ? question : '')
    lines.prompt()
    if (echo !== process.stderr) process.stderr.write(question)
  })
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}

const MAX_PIPED_BYTES = 64 * 1024

/** The first line of standard input, for `--password-stdin`. */
export async function readPiped(): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin) {
    const part = Buffer.from(chunk as Uint8Array)
    bytes += part.length
    if (bytes > MAX_PIPED_BYTES)
      throw new Failure(EXIT.usage, 'Standard input holds too much for a password.')
    chunks.push(part)
  }
  const [first = ''] = Buffer.concat(chunks).toString('utf8').split(/\r?\n/, 1)
  if (first === '') throw new Failure(EXIT.usage, 'Standard input holds no password.')
  return first
}
