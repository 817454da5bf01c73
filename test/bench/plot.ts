/** Results as pictures: horizontal bars, drawn by Vega without a browser. */
import { View, parse } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'

import type { Outcome, Plot } from './benchmark.ts'

const INK = '#24292f'
const BAR = '#3b6ea5'

/** @returns SVG; the text in it stays text */
export function drawPlot({ rows }: Outcome, { key, title, scale }: Plot): Promise<string> {
  const values = rows.flatMap(({ label, figures }) => {
    const value = figures[key]
    return value === undefined ? [] : [{ label, value, text: written(value) }]
  })
  const y = { field: 'label', type: 'nominal', sort: null, title: null } as const
  const x = {
    field: 'value',
    type: 'quantitative',
    title,
    // A bar on a logarithmic scale begins where the axis does.
    scale: scale === 'log' ? ({ type: 'log', domainMin: floorOf(values) } as const) : { zero: true },
  } as const
  const spec: TopLevelSpec = {
    background: 'white',
    padding: 8,
    width: 420,
    height: { step: 20 },
    data: { values },
    encoding: { y, x },
    layer: [
      { mark: { type: 'bar', color: BAR, height: 14 }, ...(scale === 'log' && fromFloor(values)) },
      {
        mark: { type: 'text', align: 'left', dx: 4, color: INK },
        encoding: { text: { field: 'text', type: 'nominal' } },
      },
    ],
    config: {
      view: { stroke: null },
      axis: {
        labelColor: INK,
        titleColor: INK,
        titleFontWeight: 'normal',
        labelLimit: 320,
        gridColor: '#e6e8eb',
      },
    },
  }
  const view = new View(parse(compile(spec).spec), { renderer: 'none' })
  return view.toSVG().finally(() => view.finalize())
}

type Values = readonly { readonly value: number }[]

function floorOf(values: Values): number {
  const least = Math.min(...values.map(({ value }) => value).filter((value) => value > 0))
  return 10 ** Math.floor(Math.log10(Number.isFinite(least) ? least : 1))
}

function fromFloor(values: Values) {
  return { encoding: { x2: { datum: floorOf(values) } } }
}

/** Three figures are as many as a picture needs. */
function written(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US')
}
