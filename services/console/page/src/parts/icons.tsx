/** The few signs of the page, drawn on a grid of 16. A state has a shape of its own, so that colour only repeats it. */
import type { ReactNode } from 'react'

const PATHS = {
  overview: <path d="M2.5 13.5v-5M6.2 13.5v-9M9.8 13.5v-6M13.5 13.5v-11" />,
  sessions: (
    <>
      <rect x="1.8" y="3" width="12.4" height="8.2" rx="1.4" />
      <path d="M5.5 13.5h5" />
    </>
  ),
  users: (
    <>
      <circle cx="8" cy="5.2" r="2.7" />
      <path d="M2.8 13.8c.5-3 2.6-4.3 5.2-4.3s4.7 1.3 5.2 4.3" />
    </>
  ),
  roles: (
    <>
      <path d="M8 1.8 13.2 3.700v4c0 3.2-2.2 5.3-5.2 6.5-3-1.2-5.2-3.3-5.2-6.500v-4Z" />
      <path d="m5.8 7.9 1.6 1.6 2.9-3" />
    </>
  ),
  revocations: (
    <>
      <path d="M4.3 4.200a5.3 5.3 0 1 0 7.4 0" />
      <path d="M8 1.800v6" />
    </>
  ),
  audit: <path d="M3 3.500h10M3 8h10M3 12.500h6" />,
  menu: <path d="M2.5 4.500h11M2.5 8h11M2.5 11.500h11" />,
  leave: <path d="M6.5 2.500h-3v11h3M10 5l3 3-3 3M13 8H6.5" />,
  close: <path d="m4 4 8 8M12 4l-8 8" />,
  copy: (
    <>
      <rect x="5.500" y="5.500" width="8" height="8" rx="1.200" />
      <path d="M10.500 3.500v-1h-8v8h1" />
    </>
  ),
  done: <path d="m3 8.500 3.500 3.500L13 4.500" />,
  add: <path d="M8 3v10M3 8h10" />,
  search: (
    <>
      <circle cx="7" cy="7" r="4.2" />
      <path d="m10.2 10.2 3.3 3.3" />
    </>
  ),
  chevron: <path d="m6 3.5 4.5 4.500L6 12.5" />,
} as const satisfies Record<string, ReactNode>

export type IconName = keyof typeof PATHS

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      {PATHS[name]}
    </svg>
  )
}

const MARKS = {
  good: (
    <>
      <circle className="fill" cx="8" cy="8" r="6.5" />
      <path className="cut" d="m5.2 8.2 2 2 3.7-4.2" />
    </>
  ),
  waiting: <circle className="ring" cx="8" cy="8" r="5.5" strokeDasharray="3.3 2.460" />,
  warn: (
    <>
      <path className="fill" d="M8 1.5 15 14H1Z" />
      <path className="cut" d="M8 6v3.700M8 11.900v.1" />
    </>
  ),
  bad: (
    <>
      <path className="fill" d="M5.2 1.500h5.600l3.7 3.700v5.600l-3.7 3.700H5.200l-3.7-3.700V5.200Z" />
      <path className="cut" d="m5.7 5.7 4.6 4.600M10.3 5.700l-4.6 4.6" />
    </>
  ),
  unsure: (
    <>
      <path className="fill" d="M8 .8 15.2 8 8 15.2.8 8Z" />
      <path
        className="cut"
        d="M6.3 6.500c0-1.1.7-1.8 1.7-1.800s1.7.6 1.7 1.600c0 1.2-1.7 1.4-1.7 2.600M8 10.900v.1"
      />
    </>
  ),
  none: <circle className="ring" cx="8" cy="8" r="5.5" />,
} as const satisfies Record<string, ReactNode>

export type MarkName = keyof typeof MARKS

/** @param label what it says, where no text beside it does */
export function Mark({ name, label }: { readonly name: MarkName; readonly label?: string }) {
  return (
    <svg
      className={`mark mark-${name}`}
      viewBox="0 0 16 16"
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      {MARKS[name]}
    </svg>
  )
}
