/**
 * ① What the account page shows.
 * Promise: whatever names the server sends stand there as text; once the session is over nothing of it is left in the page.
 */
import { timeElement } from './time.js'

/** @typedef {import('./api.js').Session} Session */

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function part(id) {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no ${id}`)
  return found
}

/** @param {Session} session */
export function showPerson({ user, tenant, roles }) {
  part('initial').textContent = user.slice(0, 1)
  part('name').textContent = user
  part('tenant').textContent = tenant
  showRoles(roles)
  for (const field of document.querySelectorAll('input.away'))
    if (field instanceof HTMLInputElement) field.value = user
}

/** @param {string[]} roles */
export function showRoles(roles) {
  const chips = roles.length > 0 ? roles : ['no roles']
  part('roles').replaceChildren(
    ...chips.map((role) => {
      const chip = document.createElement('li')
      chip.textContent = role
      return chip
    }),
  )
}

/**
 * @param {Session[]} sessions
 * @param {(session: Session, row: HTMLElement) => void} onEnd
 */
export function showSessions(sessions, onEnd) {
  const here = sessions.filter(({ current }) => current)
  const elsewhere = sessions.filter(({ current }) => !current)
  const focused = focusedIn(part('elsewhere'))
  part('here').replaceChildren(...here.map((session) => rowOf(session)))
  const rows = elsewhere.map((session) => rowOf(session, onEnd))
  part('elsewhere').replaceChildren(...(rows.length > 0 ? rows : [copyOf('nobody-else')]))
  part('end-others').hidden = elsewhere.length < 2
  part('main').setAttribute('aria-busy', 'false')
  // Whoever stood on a row that has gone finds themselves at the head of the list, not at the top of the page.
  if (focused !== undefined)
    (
      rows.find(({ dataset }) => dataset['id'] === focused)?.querySelector('button') ??
      part('elsewhere-title')
    ).focus()
}

/** @param {Session} session */
export function nameOf({ label, client }) {
  if (label !== undefined) return label
  return client === 'browser' ? 'Browser' : `Program “${client}”`
}

/** Nothing of the session stays behind. */
export function showEnded() {
  for (const dialog of document.querySelectorAll('dialog')) dialog.remove()
  for (const selector of ['.top nav', '.top button', '.notices']) document.querySelector(selector)?.remove()
  part('main').replaceChildren(copyOf('ended'))
  part('main').setAttribute('aria-busy', 'false')
  document.title = 'Signed out – Curfew'
  document.querySelector('h1')?.focus()
}

/** Before the page is left. */
export function showNothing() {
  document.body.replaceChildren()
}

/** @param {string} text */
export function showConnection(text) {
  const element = document.getElementById('connection')
  if (element !== null && element.textContent !== text) element.textContent = text
}

const NOTICE_MS = 6_000
let noticeTimer = 0

/** @param {string} text */
export function say(text) {
  const element = document.getElementById('notice')
  if (element === null) return
  element.textContent = text
  clearTimeout(noticeTimer)
  noticeTimer = setTimeout(() => (element.textContent = ''), NOTICE_MS)
}

/**
 * @param {Session} session
 * @param {(session: Session, row: HTMLElement) => void} [onEnd] without it the row is that of this device
 */
function rowOf(session, onEnd) {
  const row = copyOf('session-row')
  const name = nameOf(session)
  row.dataset['id'] = session.id
  row.querySelector('use')?.setAttribute('href', `#icon-${kindOf(session)}`)
  const [label, meta, button] = [
    row.querySelector('.label'),
    row.querySelector('.meta'),
    row.querySelector('button'),
  ]
  if (label === null || meta === null || button === null) throw new Error('the row lacks a part')
  label.textContent = name
  meta.append(
    onEnd === undefined
      ? textOf('now', 'Active now')
      : textOf('', 'Last seen ', timeElement(session.last_seen_at)),
    textOf('', 'Signed in ', timeElement(session.created_at)),
  )
  if (session.address_class !== undefined) meta.append(textOf('', `From ${session.address_class}`))
  if (onEnd === undefined) button.remove()
  else {
    button.setAttribute('aria-label', `Sign out ${name}`)
    button.addEventListener('click', () => onEnd(session, row))
  }
  return row
}

/** @param {Session} session */
function kindOf({ client, label = '' }) {
  if (client !== 'browser') return 'program'
  return /android|iphone|ipad|phone|mobile/i.test(label) ? 'phone' : 'browser'
}

/** @param {string} className @param {(string | Node)[]} content */
export function textOf(className, ...content) {
  const span = document.createElement('span')
  if (className !== '') span.className = className
  span.append(...content)
  return span
}

/** @param {string} id */
export function copyOf(id) {
  const template = part(id)
  const [first] = template instanceof HTMLTemplateElement ? template.content.children : []
  const copy = first?.cloneNode(true)
  if (copy instanceof HTMLElement) return copy
  throw new Error(`${id} is no template`)
}

/** @param {HTMLElement} list @returns {string | undefined} */
function focusedIn(list) {
  const row = document.activeElement?.closest('li')
  return row != null && list.contains(row) ? row.dataset['id'] : undefined
}
