/**
 * ① What the documents page shows of each document.
 * Promise: whatever a document is called stands there as text.
 */
import { timeElement } from './time.js'
import { copyOf, part, textOf } from './view.js'

/**
 * @typedef {import('./transfers.js').Document} Document
 * @typedef {object} Acts
 * @property {boolean} mayDelete
 * @property {(document: Document, row: HTMLElement) => void} onDownload
 * @property {(document: Document, row: HTMLElement) => void} onDelete
 */

/** @param {Document[]} documents @param {Acts} acts */
export function showDocuments(documents, acts) {
  const rows = documents.map((document) => rowOf(document, acts))
  part('documents').replaceChildren(...(rows.length > 0 ? rows : [copyOf('no-documents')]))
  part('main').setAttribute('aria-busy', 'false')
}

/** @param {Document[]} documents @param {Acts} acts */
export function showMoreDocuments(documents, acts) {
  const rows = documents.map((document) => rowOf(document, acts))
  part('documents').append(...rows)
  rows[0]?.querySelector('button')?.focus()
}

/** @param {Document} document @param {Acts} acts */
function rowOf(document, { mayDelete, onDownload, onDelete }) {
  const row = copyOf('document-row')
  const [label, meta, form, remove] = [
    row.querySelector('.label'),
    row.querySelector('.meta'),
    row.querySelector('form'),
    row.querySelector('.remove'),
  ]
  if (label === null || meta === null || form === null || remove === null)
    throw new Error('the row lacks a part')
  const { name, content, created_at, created_by } = document
  label.textContent = name
  meta.append(
    ...(content === null ? [] : [textOf('', sizeOf(content.size))]),
    textOf('', 'Uploaded ', timeElement(created_at)),
    textOf('', `By ${created_by}`),
  )
  form.querySelector('button')?.setAttribute('aria-label', `Download ${name}`)
  form.addEventListener('submit', (event) => (event.preventDefault(), onDownload(document, row)))
  remove.setAttribute('aria-label', `Delete ${name}`)
  remove.addEventListener('click', () => onDelete(document, row))
  if (!mayDelete) remove.remove()
  return row
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']

/** @param {number} bytes */
function sizeOf(bytes) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return new Intl.NumberFormat('en', {
    style: 'unit',
    unit: UNITS[power] ?? 'byte',
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumFractionDigits: bytes / 1_000 ** power < 10 && power > 0 ? 1 : 0,
  }).format(bytes / 1_000 ** power)
}
