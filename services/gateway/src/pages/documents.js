/**
 * ① The documents page: shows what there is, uploads and downloads it, and is told when its session has ended.
 * Promise: signed out is only said on a verdict; what the person may not do is not offered, and is refused all the same.
 */
import { Ended, Refused, Unsure, change, currentSession, signInPage } from './api.js'
import { showDocuments, showMoreDocuments } from './document-list.js'
import { follow } from './live.js'
import { setBusy } from './step-up.js'
import { refreshTimes } from './time.js'
import { download, listDocuments, readDocument, removeDocument, upload } from './transfers.js'
import { part, say, showConnection, showEnded, showNothing } from './view.js'

/** @typedef {import('./transfers.js').Document} Document */

const CANNOT_SAY = 'Nobody can say right now whether you are still signed in. Trying again…'
const OFFLINE = 'You are offline. This page is brought up to date when the network is back.'
const TRY_AGAIN = 'That could not be done right now. Try again in a moment.'
const TIMES_EVERY_MS = 30_000

let isShown = false
let isOver = false
let stopFollowing = () => {}
/** @type {string | null} */
let nextCursor = null
/** @type {string[]} */
let permissions = []
const file = /** @type {HTMLInputElement} */ (part('file'))
const progress = /** @type {HTMLProgressElement} */ (part('upload-progress'))

async function load() {
  const session = await currentSession()
  permissions = session.permissions
  part('add').hidden = !permissions.includes('documents:write')
  const { documents, next_cursor } = await listDocuments()
  if (isOver) return
  showDocuments(documents, acts())
  goOnFrom(next_cursor)
  isShown = true
}

async function more() {
  if (nextCursor === null) return
  const { documents, next_cursor } = await listDocuments(nextCursor)
  if (isOver) return
  showMoreDocuments(documents, acts())
  goOnFrom(next_cursor)
}

/** @param {string | null} cursor */
function goOnFrom(cursor) {
  nextCursor = cursor
  part('more').hidden = cursor === null
}

function acts() {
  return {
    mayDelete: permissions.includes('documents:delete'),
    /** @param {Document} document @param {HTMLElement} row */
    onDownload({ id, name }, row) {
      const form = row.querySelector('form')
      if (form === null) return
      void whileBusy(form.querySelector('button'), async () => {
        await download(id, form)
        say(`${name} is being downloaded. The link that it came by has been used with that.`)
      })
    },
    /** @param {Document} document @param {HTMLElement} row */
    onDelete({ id, name }, row) {
      if (!confirm(`Delete ${name}?`)) return
      void whileBusy(row.querySelector('.remove'), async () => {
        row.classList.add('leaving')
        try {
          await removeDocument(id)
          say(`${name} has been deleted.`)
          part('documents-title').focus()
          await load()
        } finally {
          row.classList.remove('leaving')
        }
      })
    },
  }
}

async function uploadChosen() {
  const [chosen] = file.files ?? []
  file.value = ''
  if (chosen === undefined) return
  const stop = new AbortController()
  const cancel = () => stop.abort()
  part('upload-name').textContent = chosen.name
  progress.value = 0
  part('upload').hidden = false
  part('upload-cancel').addEventListener('click', cancel)
  await whileBusy(part('add'), async () => {
    try {
      const id = await upload(chosen, {
        onProgress: (value) => (progress.value = value),
        signal: stop.signal,
      })
      // The documents service learns from the file service that the bytes are there when somebody asks about them.
      await readDocument(id)
      say(`${chosen.name} has been uploaded.`)
    } catch (error) {
      if (!stop.signal.aborted) throw error
      say(`${chosen.name} has not been uploaded.`)
    } finally {
      part('upload').hidden = true
      part('upload-cancel').removeEventListener('click', cancel)
    }
    await load()
  })
}

/** @param {unknown} error @returns {void} */
function handle(error) {
  if (isOver) return
  if (error instanceof Ended) end()
  else if (error instanceof Unsure) say(TRY_AGAIN)
  else if (error instanceof Refused && error.code === 'forbidden') say('You may not do that.')
  else say(error instanceof Error ? error.message : TRY_AGAIN)
}

/** The session is over. */
function end() {
  if (isOver) return
  isOver = true
  stopFollowing()
  if (!isShown) return location.replace(signInPage())
  showEnded()
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

/** @param {HTMLElement | null} button @param {() => Promise<void>} action */
async function whileBusy(button, action) {
  if (button === null || button.ariaDisabled === 'true') return
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
  const fill = () =>
    load().then(
      () => showConnection(''),
      (error) => (error instanceof Unsure ? notSure() : handle(error)),
    )
  stopFollowing = follow({
    // The page is filled when the stream is open: nothing that happens from then on is missed.
    onOpen: () => void fill(),
    onUnsure: notSure,
    onEnded: end,
    onPermissions: () => void fill(),
  })
}

function notSure() {
  showConnection(navigator.onLine ? CANNOT_SAY : OFFLINE)
}

part('sign-out').addEventListener('click', () => void signOut())
part('add').addEventListener('click', () => file.click())
part('more').addEventListener('click', () => void whileBusy(part('more'), more))
file.addEventListener('change', () => void uploadChosen())
addEventListener('offline', notSure)
// A page out of the browser's memory shows a past: it is asked for again.
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return
  showNothing()
  location.reload()
})
setInterval(refreshTimes, TIMES_EVERY_MS)
begin()
