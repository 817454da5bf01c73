/**
 * ① The account page: shows who is signed in where, ends sessions, and is told when its own has ended.
 * Promise: signed out is only said on a verdict; while nobody can say, the page says that and goes on trying.
 */
import { Ended, Unsure, change, currentSession, ownSessions, signInPage } from './api.js'
import { follow } from './live.js'
import { changePassword, preparePasswordDialog } from './password.js'
import { Cancelled, setBusy, withRecentProof } from './step-up.js'
import { refreshTimes } from './time.js'
import {
  nameOf,
  part,
  say,
  showConnection,
  showEnded,
  showNothing,
  showPerson,
  showRoles,
  showSessions,
} from './view.js'

/** @typedef {import('./api.js').Session} Session */

const CANNOT_SAY = 'Nobody can say right now whether you are still signed in. Trying again…'
const OFFLINE = 'You are offline. This page is brought up to date when the network is back.'
const TRY_AGAIN = 'That could not be done right now. Try again in a moment.'
const TIMES_EVERY_MS = 30_000

let isShown = false
let isOver = false
let stopFollowing = () => {}

async function load() {
  const [session, sessions] = await Promise.all([currentSession(), ownSessions()])
  if (isOver) return
  showPerson(session)
  showSessions(sessions, (ended, row) => void endOne(ended, row))
  isShown = true
}

/** @param {unknown} error @returns {void} */
function handle(error) {
  if (error instanceof Cancelled || isOver) return
  if (error instanceof Ended) end()
  else if (error instanceof Unsure) say(TRY_AGAIN)
  else say(error instanceof Error ? error.message : TRY_AGAIN)
}

/** The session is over. */
function end() {
  if (isOver) return
  isOver = true
  stopFollowing()
  if (!isShown) return location.replace(signInPage())
  showEnded()
  // Another page of this browser may begin a new session; this one is then about that. It is asked when somebody comes
  // back to this page: now there is none yet.
  addEventListener('focus', reloadIfSignedIn)
  document.addEventListener('visibilitychange', reloadIfSignedIn)
}

function reloadIfSignedIn() {
  if (document.visibilityState !== 'visible') return
  currentSession().then(
    () => location.reload(),
    () => {},
  )
}

/** @param {Session} session @param {HTMLElement} row */
async function endOne(session, row) {
  const button = /** @type {HTMLElement} */ (row.querySelector('button'))
  await whileBusy(button, async () => {
    const name = nameOf(session)
    row.classList.add('leaving')
    try {
      await withRecentProof(`sign out ${name}`, () => endById(session.id))
      say(`${name} has been signed out.`)
      await load()
    } finally {
      row.classList.remove('leaving')
    }
  })
}

/** One that has ended in the meantime is what was wanted. @param {string} id */
async function endById(id) {
  try {
    await change('DELETE', `/sessions/${encodeURIComponent(id)}`)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'not-found')) throw error
  }
}

async function endOthers() {
  await whileBusy(part('end-others'), async () => {
    await withRecentProof('sign out all your other devices', () => change('POST', '/sessions/revoke-others'))
    say('All your other devices have been signed out.')
    part('elsewhere-title').focus()
    await load()
  })
}

async function renewPassword() {
  try {
    await changePassword()
    say('Your password has been changed, and all your other devices have been signed out.')
    await load()
  } catch (error) {
    handle(error)
  }
}

async function signOut() {
  await whileBusy(part('sign-out'), async () => {
    isOver = true
    stopFollowing()
    try {
      await change('POST', '/logout')
    } catch (error) {
      isOver = false
      begin()
      throw error
    }
    showNothing()
    location.replace('/login#signed-out')
  })
}

/** @param {HTMLElement} button @param {() => Promise<void>} action */
async function whileBusy(button, action) {
  if (button.ariaDisabled === 'true') return
  setBusy(button, true)
  try {
    await action()
  } catch (error) {
    handle(error)
  } finally {
    setBusy(button, false)
  }
}

function begin() {
  stopFollowing = follow({
    // The page is filled when the stream is open: nothing that happens from then on is missed.
    onOpen() {
      load().then(
        () => certain(),
        (error) => (error instanceof Unsure ? notSure() : handle(error)),
      )
    },
    onUnsure: notSure,
    onEnded: end,
    onPermissions({ roles }) {
      showRoles(roles)
      say('What you may do has changed.')
    },
  })
}

function certain() {
  showConnection('')
  openPasswordDialog()
}

/** Once, on the address that password managers lead to; what comes after is the account page. */
function openPasswordDialog() {
  if (location.pathname !== '/account/password') return
  history.replaceState(null, '', '/account')
  void renewPassword()
}

function notSure() {
  showConnection(navigator.onLine ? CANNOT_SAY : OFFLINE)
}

part('sign-out').addEventListener('click', () => void signOut())
part('end-others').addEventListener('click', () => void endOthers())
part('change-password').addEventListener('click', () => void renewPassword())
preparePasswordDialog()
addEventListener('offline', notSure)
// A page out of the browser's memory shows a past: it is asked for again.
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return
  showNothing()
  location.reload()
})
setInterval(refreshTimes, TIMES_EVERY_MS)
begin()
