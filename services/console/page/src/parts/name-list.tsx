/** A list of names that can be added to and taken from, by mouse and by keyboard alike. */
import { useId, useState, type KeyboardEvent } from 'react'

import { Field } from './field.tsx'
import { Icon } from './icons.tsx'

export interface NameListProps {
  readonly label: string
  /** `role`, `permission` */
  readonly one: string
  readonly names: readonly string[]
  readonly pattern: RegExp
  readonly suggestions: readonly string[]
  readonly isFixed: boolean
  readonly onChange: (names: readonly string[]) => void
}

export function NameList({ label, one, names, pattern, suggestions, isFixed, onChange }: NameListProps) {
  const id = useId()
  const [typed, setTyped] = useState('')
  const name = typed.trim()
  const fault = name !== '' && !pattern.test(name) ? `That cannot be the name of a ${one}.` : undefined
  const add = (): void => {
    if (name === '' || fault !== undefined) return
    if (!names.includes(name)) onChange([...names, name].toSorted())
    setTyped('')
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    add()
  }
  return (
    <div className="names">
      <p className="names-label" id={id}>
        {label}
      </p>
      <ul className="chips" aria-labelledby={id}>
        {names.length === 0 && <li className="muted">none</li>}
        {names.map((each) => (
          <li key={each} className="chip">
            {each}
            {!isFixed && (
              <button
                type="button"
                className="quiet icon-only"
                onClick={() => onChange(names.filter((other) => other !== each))}
              >
                <Icon name="close" />
                <span className="unseen">Take {each} away</span>
              </button>
            )}
          </li>
        ))}
      </ul>
      {!isFixed && (
        <div className="names-add">
          <Field
            label={`Add a ${one}`}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={onKeyDown}
            suggestions={suggestions.filter((each) => !names.includes(each))}
            fault={fault}
          />
          <button type="button" onClick={add} disabled={name === '' || fault !== undefined}>
            <Icon name="add" />
            Add<span className="unseen"> {one}</span>
          </button>
        </div>
      )}
    </div>
  )
}

/** What would become different, for people. */
export function Difference({
  before,
  after,
}: {
  readonly before: readonly string[]
  readonly after: readonly string[]
}) {
  const added = after.filter((each) => !before.includes(each))
  const removed = before.filter((each) => !after.includes(each))
  if (added.length + removed.length === 0) return <p className="muted">Nothing changed yet.</p>
  return (
    <p className="difference">
      {added.length > 0 && (
        <span>
          adds <strong>{added.join(', ')}</strong>
        </span>
      )}
      {added.length > 0 && removed.length > 0 && '; '}
      {removed.length > 0 && (
        <span>
          takes away <strong>{removed.join(', ')}</strong>
        </span>
      )}
    </p>
  )
}

export const ROLE_NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9._@+:|~-]{0,127}$/
export const PERMISSION_NAME: RegExp = /^[a-z0-9][a-z0-9._-]{0,63}(?::[a-z0-9][a-z0-9._-]{0,63}){0,3}$/
