/**
 * A modal dialog of the browser: it keeps the focus inside, closes with Escape, and gives the focus back where it was.
 */
import { useEffect, useId, useRef, type ReactNode } from 'react'

import { Icon } from './icons.tsx'

export interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  /** While something is under way that should be seen. */
  readonly isHeld?: boolean
  readonly children: ReactNode
}

export function Dialog({ title, onClose, isHeld = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const element = dialog.current
    const before = document.activeElement
    element?.showModal()
    // React's `autoFocus` comes too early: what is not shown yet takes no focus.
    element?.querySelector<HTMLElement>('[data-first]')?.focus()
    return () => {
      element?.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        if (!isHeld) onClose()
      }}
    >
      <header className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <button type="button" className="quiet icon-only" onClick={onClose} disabled={isHeld}>
          <Icon name="close" />
          <span className="unseen">Close</span>
        </button>
      </header>
      {children}
    </dialog>
  )
}

export interface ChangeFootProps {
  readonly isDone: boolean
  readonly isReady: boolean
  readonly isDangerous?: boolean
  readonly action: string
  readonly onClose: () => void
}

/** The foot of a dialog that changes something and then shows what came of it. */
export function ChangeFoot({ isDone, isReady, isDangerous = false, action, onClose }: ChangeFootProps) {
  if (isDone)
    return (
      <footer className="dialog-foot">
        <button type="button" className="primary" autoFocus onClick={onClose}>
          Done
        </button>
      </footer>
    )
  return (
    <footer className="dialog-foot">
      <button type="button" onClick={onClose}>
        Cancel
      </button>
      <button type="submit" className={isDangerous ? 'danger' : 'primary'} disabled={!isReady}>
        {action}
      </button>
    </footer>
  )
}
