/**
 * ① The dialog in which a password is changed.
 * Promise: the rule that the new one breaks is shown, in the words of the gateway.
 */
import { change } from './api.js'
import { askIn } from './step-up.js'
import { part } from './view.js'

/** @returns {Promise<void>} */
export function changePassword() {
  return askIn(
    'password',
    async (fields) => {
      const json = { current_password: fields.get('current'), new_password: fields.get('new') }
      await change('POST', '/session/password', json)
    },
    explained,
  )
}

/** Ready to be typed into. */
export function preparePasswordDialog() {
  const fields = part('password').querySelectorAll('input:not(.away)')
  const show = /** @type {HTMLInputElement} */ (part('password').querySelector('[name=show]'))
  const reveal = () => {
    for (const field of fields)
      if (field instanceof HTMLInputElement && field !== show) field.type = show.checked ? 'text' : 'password'
  }
  show.addEventListener('change', reveal)
  part('password').addEventListener('close', () => {
    show.checked = false
    reveal()
  })
}

/** @param {import('./api.js').Refused} error */
function explained({ code, problem, message }) {
  if (code === 'invalid-credentials') return 'The current password is not right.'
  if (code === 'password-unacceptable')
    return `The new password cannot be used: ${problem.detail ?? message}.`
  if (code === 'too-many-requests') return 'Too many attempts. Wait a moment and try again.'
  return message
}
