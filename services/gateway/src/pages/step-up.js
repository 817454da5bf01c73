/**
 * ① Asks for the password where the gateway demands a recent proof, and then goes on with what was intended.
 * Promise: a password that was typed is gone from the page as soon as the dialog closes.
 */
import { Ended, Refused, Unsure, change } from './api.js'
import { part } from './view.js'

/** The person has thought better of it. */
export class Cancelled extends Error {}

/**
 * @template Result
 * @param {string} intent what the person is about to do, as the end of "Enter your password to …"
 * @param {() => Promise<Result>} action
 * @returns {Promise<Result>}
 */
export async function withRecentProof(intent, action) {
  try {
    return await action()
  } catch (error) {
    if (!(error instanceof Refused && error.code === 'insufficient-authentication')) throw error
    await askForPassword(intent)
    return action()
  }
}

/** @param {string} intent @returns {Promise<void>} */
function askForPassword(intent) {
  part('step-up-intent').textContent = `Enter your password to ${intent}.`
  return askIn('step-up', async (fields) => {
    await change('POST', '/session/elevate', { password: fields.get('password') })
  })
}

/**
 * Shows a dialog until what it is for has been done or the person cancels.
 * @param {string} id
 * @param {(fields: FormData) => Promise<void>} submit
 * @param {(error: Refused) => string} [explain]
 * @returns {Promise<void>}
 */
export function askIn(id, submit, explain = explained) {
  const dialog = /** @type {HTMLDialogElement} */ (part(id))
  const form = /** @type {HTMLFormElement} */ (dialog.querySelector('form'))
  const fault = /** @type {HTMLElement} */ (dialog.querySelector('.fault'))
  const button = /** @type {HTMLButtonElement} */ (dialog.querySelector('[type=submit]'))
  const over = new AbortController()
  const { signal } = over
  fault.textContent = ''

  return new Promise((resolve, reject) => {
    /** @param {unknown} [error] */
    function close(error) {
      over.abort()
      form.reset()
      setBusy(button, false)
      dialog.close()
      if (error === undefined) resolve()
      else reject(error)
    }

    async function trySubmit() {
      if (button.ariaDisabled === 'true') return
      setBusy(button, true)
      fault.textContent = ''
      try {
        await submit(new FormData(form))
        if (!signal.aborted) close()
      } catch (error) {
        if (signal.aborted) return
        setBusy(button, false)
        if (error instanceof Ended) return close(error)
        fault.textContent = error instanceof Refused ? explain(error) : troubleWith(error)
        const first = form.querySelector('input[type=password]')
        if (first instanceof HTMLInputElement) first.select()
      }
    }

    form.addEventListener('submit', (event) => (event.preventDefault(), void trySubmit()), { signal })
    dialog
      .querySelector('[value=cancel]')
      ?.addEventListener('click', () => close(new Cancelled()), { signal })
    dialog.addEventListener('cancel', (event) => (event.preventDefault(), close(new Cancelled())), { signal })
    dialog.showModal()
    const first = form.querySelector('input[type=password]')
    if (first instanceof HTMLInputElement) first.focus()
  })
}

/** @param {Refused} error */
function explained(error) {
  if (error.code === 'invalid-credentials') return 'That is not your password.'
  if (error.code === 'too-many-requests') return 'Too many attempts. Wait a moment and try again.'
  if (error.code === 'conflict') return 'Another page of yours was faster. Try again.'
  return error.message
}

/** @param {unknown} error */
function troubleWith(error) {
  return error instanceof Unsure
    ? 'This cannot be checked right now. Try again in a moment.'
    : 'Something went wrong here.'
}

/** Stays focusable, so that the keyboard does not lose its place. @param {HTMLElement} button @param {boolean} isBusy */
export function setBusy(button, isBusy) {
  button.ariaDisabled = String(isBusy)
}
