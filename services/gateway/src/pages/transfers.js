/**
 * ① ⑦ Bytes between this browser and the file service, each time under a claim that the documents service gives for it.
 * Promise: a claim goes from its answer into a header or a form, and nowhere else.
 */
import { Refused, Unsure, change, read } from './api.js'

/**
 * @typedef {{ id: string, name: string, content_type: string, created_at: string, created_by: string,
 *   content: { size: number } | null }} Document
 * @typedef {{ url: string, claim: string }} Transfer
 */

/** @param {string} [cursor] @returns {Promise<{ documents: Document[], next_cursor: string | null }>} */
export function listDocuments(cursor) {
  return read(`/api/documents${cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`}`)
}

/** @param {string} id @returns {Promise<Document>} */
export async function readDocument(id) {
  return (await read(`/api/documents/${encodeURIComponent(id)}`)).document
}

/** @param {string} id */
export async function removeDocument(id) {
  try {
    await change('DELETE', `/api/documents/${encodeURIComponent(id)}`)
  } catch (error) {
    // Somebody else has deleted it: what was wanted is so.
    if (!(error instanceof Refused && error.code === 'not-found')) throw error
  }
}

/**
 * Lets the browser download: it submits the form, as a click on a plain page would, and saves what comes.
 * @param {string} id @param {HTMLFormElement} form
 */
export async function download(id, form) {
  /** @type {Transfer} */
  const { url, claim } = await change('POST', `/api/documents/${encodeURIComponent(id)}/download`)
  const field = form.elements.namedItem('claim')
  if (!(field instanceof HTMLInputElement)) throw new Error('the form has no field for the claim')
  form.action = url
  field.value = claim
  form.submit()
}

/**
 * @param {File} file
 * @param {{ onProgress: (part: number) => void, signal: AbortSignal }} options
 * @returns {Promise<string>} the id of the document
 */
export async function upload(file, { onProgress, signal }) {
  const description = {
    name: file.name,
    content_type: file.type || 'application/octet-stream',
    size: file.size,
  }
  const { document, upload: transfer } = await change('POST', '/api/documents', description)
  try {
    await send(file, transfer, { contentType: description.content_type, onProgress, signal })
  } catch (error) {
    // A document without its bytes is of no use to anybody.
    await removeDocument(document.id).catch(() => {})
    throw error
  }
  return document.id
}

/**
 * XMLHttpRequest, because fetch does not tell how far an upload has come.
 * @param {File} file @param {Transfer} transfer
 * @param {{ contentType: string, onProgress: (part: number) => void, signal: AbortSignal }} options
 * @returns {Promise<void>}
 */
function send(file, { url, claim }, { contentType, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', url)
    request.setRequestHeader('authorization', `Bearer ${claim}`)
    request.setRequestHeader('content-type', contentType)
    request.upload.addEventListener('progress', ({ loaded, total }) =>
      onProgress(loaded / Math.max(1, total)),
    )
    request.addEventListener('load', () => {
      if (request.status === 201) resolve()
      else reject(refusalOf(request))
    })
    for (const name of ['error', 'timeout']) request.addEventListener(name, () => reject(new Unsure()))
    request.addEventListener('abort', () => reject(signal.reason))
    signal.addEventListener('abort', () => request.abort(), { once: true })
    request.send(file)
  })
}

/** @param {XMLHttpRequest} request */
function refusalOf({ status, responseText }) {
  if (status === 507) return new Error('There is no room for this file.')
  if (status === 413) return new Error('This file is too large.')
  try {
    if (status < 500) return new Refused({ ...JSON.parse(responseText), status })
  } catch {
    // Not an answer of the file service.
  }
  return new Unsure()
}
