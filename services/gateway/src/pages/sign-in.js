/**
 * ① The sign-in page.
 * Promise: the token goes from the gateway into the cookie; nothing of it, and no password, stays in the page.
 */
import { Ended, Refused, Unsure, change } from './api.js'

const form = /** @type {HTMLFormElement} */ (document.querySelector('form'))
const fault = /** @type {HTMLElement} */ (form.querySelector('.fault'))
const button = /** @type {HTMLButtonElement} */ (form.querySelector('button'))
const password = /** @type {HTMLInputElement} */ (form.querySelector('[name=password]'))

if (location.hash === '#signed-out') {
  const said = document.getElementById('said')
  if (said !== null) said.textContent = 'You are signed out.'
  history.replaceState(null, '', location.pathname)
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  if (button.ariaDisabled !== 'true') void signIn()
})

async function signIn() {
  button.ariaDisabled = 'true'
  fault.textContent = ''
  try {
    // The gateway says whether the way back that came with the page may be followed.
    const { return_to: back } = await change('POST', '/login', Object.fromEntries(new FormData(form)))
    location.replace(back ?? '/account')
  } catch (error) {
    fault.textContent = explained(error)
    password.select()
  }
  button.ariaDisabled = 'false'
}

/** @param {unknown} error */
function explained(error) {
  if (error instanceof Unsure) return 'Signing in is not possible right now. Try again in a moment.'
  if (error instanceof Ended || !(error instanceof Refused)) return 'Something went wrong here. Try again.'
  if (error.code === 'invalid-credentials') return 'Organisation, user name or password is wrong.'
  if (error.code === 'too-many-requests') return 'Too many attempts. Wait a moment and try again.'
  return error.message
}
