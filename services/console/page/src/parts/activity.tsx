/** The last hour as lines, minute by minute. Each line has a dash of its own, and the same numbers are there as a table. */
import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

import type { StatisticsPoint } from '../api/types.ts'
import { count } from './time.tsx'

type Name = keyof Omit<StatisticsPoint, 'at'>

const LINES: readonly { readonly name: Name; readonly label: string; readonly dash?: number[] }[] = [
  { name: 'logins', label: 'Sign-ins' },
  { name: 'failed_logins', label: 'Refused sign-ins', dash: [6, 4] },
  { name: 'revocations', label: 'Revocations', dash: [2, 3] },
  { name: 'redemptions', label: 'Claims spent', dash: [10, 3, 2, 3] },
]

export interface ActivityProps {
  readonly series: readonly StatisticsPoint[]
}

export function Activity({ series }: ActivityProps) {
  const isDark = useDarkness()
  // It is drawn in colours that are read once.
  return <Chart key={isDark ? 'dark' : 'light'} series={series} />
}

function Chart({ series }: ActivityProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const [pointed, setPointed] = useState<number>()
  useEffect(() => {
    const element = place.current
    if (element === null) return undefined
    const drawn = new uPlot(optionsFor(element, setPointed), dataOf([]), element)
    plot.current = drawn
    const observer = new ResizeObserver(() => drawn.setSize(sizeOf(element)))
    observer.observe(element)
    return () => {
      observer.disconnect()
      drawn.destroy()
    }
  }, [])
  useEffect(() => plot.current?.setData(dataOf(series)), [series])

  const shown = pointed === undefined ? undefined : series[pointed]
  return (
    <figure className="chart">
      <figcaption className="chart-legend">
        {LINES.map(({ name, label, dash }) => (
          <span key={name} className="chart-key">
            <svg className={`line-${name}`} viewBox="0 0 22 4" aria-hidden="true">
              <path d="M0 2h22" strokeDasharray={dash?.join(' ')} />
            </svg>
            {label}
            <span className="figure chart-value">{shown === undefined ? '' : count(shown[name])}</span>
          </span>
        ))}
      </figcaption>
      <div ref={place} className="chart-place" aria-hidden="true" />
      <Numbers series={series} />
    </figure>
  )
}

function sizeOf({ clientWidth: width, clientHeight: height }: HTMLElement): {
  width: number
  height: number
} {
  return { width, height }
}

function dataOf(series: readonly StatisticsPoint[]): uPlot.AlignedData {
  return [
    series.map(({ at }) => Date.parse(at) / 1_000),
    ...LINES.map(({ name }) => series.map((point) => point[name])),
  ]
}

function optionsFor(element: HTMLElement, onPoint: (index: number | undefined) => void): uPlot.Options {
  const style = getComputedStyle(element)
  const colour = (name: string): string => style.getPropertyValue(name)
  const axis: uPlot.Axis = {
    stroke: colour('--muted'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  }
  return {
    ...sizeOf(element),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { y: { range: (_, _min, max) => [0, Math.max(4, max * 1.1)] } },
    axes: [
      {
        ...axis,
        values: (_, moments) => moments.map((moment) => hourAndMinute(moment)),
        grid: { show: false },
      },
      { ...axis, size: 42, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000] },
    ],
    series: [
      {},
      ...LINES.map(({ name, label, dash }) => ({
        label,
        stroke: colour(`--line-${name}`),
        width: 2,
        points: { show: false },
        ...(dash !== undefined && { dash }),
      })),
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)] },
  }
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })

function hourAndMinute(seconds: number): string {
  return clock.format(seconds * 1_000)
}

/** For whoever cannot see lines; of minutes in which nothing was done there is nothing to tell. */
function Numbers({ series }: { readonly series: readonly StatisticsPoint[] }) {
  const told = series.filter((point) => LINES.some(({ name }) => point[name] > 0))
  return (
    <div className="unseen">
      <table>
        <caption>The last hour, minute by minute</caption>
        <thead>
          <tr>
            <th scope="col">Minute</th>
            {LINES.map(({ name, label }) => (
              <th key={name} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {told.map((point) => (
            <tr key={point.at}>
              <th scope="row">{hourAndMinute(Date.parse(point.at) / 1_000)}</th>
              {LINES.map(({ name }) => (
                <td key={name}>{point[name]}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function useDarkness(): boolean {
  const [isDark, setDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches)
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)')
    const listener = (): void => setDark(query.matches)
    query.addEventListener('change', listener)
    return () => query.removeEventListener('change', listener)
  }, [])
  return isDark
}
