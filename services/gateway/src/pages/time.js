/**
 * ① Times as people say them, with the exact one behind it.
 */
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'full', timeStyle: 'medium' })

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/**
 * @param {string} iso
 * @returns {HTMLTimeElement}
 */
export function timeElement(iso) {
  const element = document.createElement('time')
  element.dateTime = iso
  element.title = exact.format(new Date(iso))
  element.textContent = ago(Date.parse(iso), Date.now())
  return element
}

/** Brings what is shown up to the moment. */
export function refreshTimes() {
  for (const element of document.querySelectorAll('time')) {
    const text = ago(Date.parse(element.dateTime), Date.now())
    if (element.textContent !== text) element.textContent = text
  }
}

/** @param {number} atMs @param {number} nowMs */
function ago(atMs, nowMs) {
  // The clock of this machine may be behind that of the server.
  const ageMs = Math.max(0, nowMs - atMs)
  if (ageMs < MINUTE_MS) return 'just now'
  if (ageMs < HOUR_MS) return relative.format(-Math.floor(ageMs / MINUTE_MS), 'minute')
  if (ageMs < DAY_MS) return relative.format(-Math.floor(ageMs / HOUR_MS), 'hour')
  return relative.format(-Math.floor(ageMs / DAY_MS), 'day')
}
