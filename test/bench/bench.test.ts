/** Every benchmark still runs from one end to the other, and what it finds can be printed. How fast it was says nothing here. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'

import { describe, expect, it } from 'vitest'

import { isMet, type Outcome } from './benchmark.ts'
import { BENCHMARKS } from './benchmarks.ts'
import { HttpConnection, requestText } from './http-connection.ts'
import { drawPlot } from './plot.ts'
import { renderList, renderOutcome } from './report.ts'
import { withFigures } from './results.ts'

const PEERS = [
  '@fastify/http-proxy',
  '@fastify/jwt',
  '@fastify/session',
  'better-auth',
  'connect-redis',
  'express',
  'express-session',
  'fast-jwt',
  'jose',
  'oidc-provider',
  'redis',
]

const MACHINE = {
  cpu: 'a processor',
  cores: 2,
  memoryGb: 8,
  system: 'linux',
  node: '24',
  nats: '2',
  redis: '7',
  loadAtStart: 0.5,
}

describe('a benchmark', () => {
  it.each(BENCHMARKS.map((benchmark) => [benchmark.name, benchmark] as const))(
    'measures something for each of its rows: %s',
    async (_name, { run }) => {
      const { rows, columns, goals, plot } = await run('tiny', () => undefined)
      expect(rows.length).toBeGreaterThan(1)
      for (const { label, figures } of rows) {
        const measured = columns.flatMap(({ key }) => figures[key] ?? [])
        expect(measured.length, label).toBeGreaterThan(0)
        expect(measured.every(Number.isFinite), label).toBe(true)
      }
      for (const { measured, text } of goals) expect(Number.isFinite(measured), text).toBe(true)
      if (plot !== undefined) expect(columns.map(({ key }) => key)).toContain(plot.key)
    },
  )
})

describe('the document', () => {
  it('names the version of each peer', async () => {
    const document = await readFile(new URL('../../docs/benchmarks.md', import.meta.url), 'utf8')
    const versions = await Promise.all(PEERS.map(async (name) => `${name} ${await versionOf(name)}`))
    for (const version of versions) expect(document).toContain(version)
  })
})

async function versionOf(name: string): Promise<string> {
  const file = new URL(`peers/node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(await readFile(file, 'utf8')) as { readonly version: string }).version
}

describe('the report', () => {
  const outcome: Outcome = {
    title: 'Something',
    method: 'Ten times.',
    columns: [{ key: 'ms', title: 'ms', digits: 1 }],
    rows: [
      { label: 'one', figures: { ms: 1234.56 } },
      { label: 'none', figures: {} },
    ],
    goals: [
      { text: 'Fast', measured: 2, atMost: 3, digits: 0 },
      { text: 'Faster', measured: 2, atLeast: 2.5, digits: 1 },
    ],
    plot: { key: 'ms', title: 'Milliseconds', scale: 'log' },
  }

  it('shows every figure, leaves out what was not measured, and says which goals are met', () => {
    const text = renderOutcome(outcome)
    expect(text).toContain('| one | 1,234.6 |')
    expect(text).toContain('| none |  |')
    expect(text).toContain('**2** (goal: at most 3; met)')
    expect(text).toContain('**2.0** (goal: at least 2.5; missed)')
    expect(outcome.goals.map(isMet)).toEqual([true, false])
  })

  it.each(['linear', 'log'] as const)('draws a bar for what was measured (%s)', async (scale) => {
    const svg = await drawPlot(outcome, { key: 'ms', title: 'Milliseconds', scale })
    expect(svg).toMatch(/^<svg /)
    expect(svg).toContain('1,230')
    expect(svg).not.toContain('>none<')
  })

  it('says how long everything takes', () => {
    expect(renderList(BENCHMARKS)).toMatch(/^all +about \d+ s, with --quick \d+ s$/m)
    for (const { name } of BENCHMARKS) expect(renderList(BENCHMARKS)).toContain(name)
  })

  it('replaces the figures of a document and nothing else', () => {
    const document = 'before\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nafter\n'
    const result = {
      name: 'something',
      size: 'full',
      measuredAt: '2026-01-02T03:04:05.000Z',
      machine: MACHINE,
      outcome,
    } as const
    const renewed = withFigures(document, [result])
    expect(renewed.startsWith('before\n<!-- figures: begin -->\n')).toBe(true)
    expect(renewed.endsWith('<!-- figures: end -->\nafter\n')).toBe(true)
    expect(renewed).not.toContain('old')
    expect(renewed).toContain('Measured 2026-01-02 on a processor')
    expect(withFigures(renewed, [result])).toBe(renewed)
    expect(renewed).toContain('![Milliseconds](benchmarks/something.svg)')
    expect(() => withFigures('no markers', [result])).toThrow('needs')
  })
})

describe('a connection that the server has closed', () => {
  it('says so to everybody who sends over it, at once', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const connection = await HttpConnection.open(url)
    for (let sends = 0; sends < 2; sends += 1)
      await expect(connection.send(requestText(url, '/', 'accept: text/plain'))).rejects.toThrow(
        /closed|EPIPE|ECONNRESET/,
      )
    server.close()
  })
})
