/** A labelled input, with what is wrong with it said where it is. */
import { useId, type InputHTMLAttributes, type ReactNode } from 'react'

export interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: ReactNode
  readonly hint?: ReactNode
  readonly fault?: string | undefined
  readonly suggestions?: readonly string[] | undefined
}

export function Field({ label, hint, fault, suggestions, ...input }: FieldProps) {
  const id = useId()
  const said = [hint !== undefined && `${id}-hint`, fault !== undefined && `${id}-fault`].filter(Boolean)
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        {...input}
        {...(suggestions !== undefined && { list: `${id}-list` })}
        {...(said.length > 0 && { 'aria-describedby': said.join(' ') })}
        aria-invalid={fault === undefined ? undefined : true}
      />
      {suggestions !== undefined && (
        <datalist id={`${id}-list`}>
          {suggestions.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </datalist>
      )}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      )}
      {fault !== undefined && (
        <p id={`${id}-fault`} className="fault" role="alert">
          {fault}
        </p>
      )}
    </div>
  )
}

export const REASON_LENGTH_MAX = 500

export function isReason(text: string): boolean {
  return text.trim() !== '' && text.length <= REASON_LENGTH_MAX
}
