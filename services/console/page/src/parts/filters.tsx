/** The search of a view. It stands in the address, so that it can be kept, sent and gone back to. */
import { useState, type SubmitEvent } from 'react'
import { useSearchParams } from 'wouter'

import { useTenantNames } from '../api/queries.ts'
import { Field } from './field.tsx'
import { Icon } from './icons.tsx'

export interface FilterField {
  readonly name: string
  readonly label: string
}

/** With the names of all tenants to choose from, where there is a choice. */
export const TENANT: FilterField = { name: 'tenant', label: 'Tenant' }

/** What the address says, by the names of the fields. */
export function useFilter(fields: readonly FilterField[]): Record<string, string> {
  const [search] = useSearchParams()
  return Object.fromEntries(fields.map(({ name }) => [name, search.get(name) ?? '']))
}

export function Filters({ fields }: { readonly fields: readonly FilterField[] }) {
  const [search] = useSearchParams()
  // Another address is another search: what was typed and not asked goes with the one before.
  return <FilterForm key={search.toString()} fields={fields} />
}

function FilterForm({ fields }: { readonly fields: readonly FilterField[] }) {
  const [search, setSearch] = useSearchParams()
  const [typed, setTyped] = useState<Record<string, string>>(() => Object.fromEntries(search))
  const tenants = useTenantNames(fields.includes(TENANT))
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    setSearch((before) => {
      const next = new URLSearchParams(before)
      for (const { name } of fields) {
        const value = typed[name]?.trim() ?? ''
        if (value === '') next.delete(name)
        else next.set(name, value)
      }
      return next
    })
  }
  return (
    <form className="filters" role="search" onSubmit={submit}>
      {fields.map(({ name, label }) => (
        <Field
          key={name}
          label={label}
          type="search"
          suggestions={name === TENANT.name ? tenants : undefined}
          value={typed[name] ?? ''}
          onChange={(event) => setTyped({ ...typed, [name]: event.target.value })}
        />
      ))}
      <button type="submit">
        <Icon name="search" />
        Find
      </button>
    </form>
  )
}
