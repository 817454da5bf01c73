/**
 * ⑦ What a person sees who meets this service in a browser without getting a file.
 * Promise: plain words for what has happened and what to do next; nothing runs, nothing is loaded, nothing inner is said.
 */
import { hash } from 'node:crypto'

import type { ProblemCode } from '@curfew/contracts'
import type { FileActOf } from '@curfew/one-time-claims'

import { honestName } from './content-disposition.ts'

export interface Page {
  readonly html: string
  /** Content-Security-Policy: the one style sheet of the page, and a form to this service where it has one. */
  readonly policy: string
}

interface Words {
  readonly title: string
  readonly text: string
}

const AGAIN = 'Go back and ask for the file again.'

const WORDS: Partial<Record<ProblemCode, Words>> = {
  'claim-spent': { title: 'This link has been used', text: `A link to a file works once. ${AGAIN}` },
  'claim-invalid': {
    title: 'This link is not valid any more',
    text: `A link to a file works for a minute or so. ${AGAIN}`,
  },
  'claim-withdrawn': {
    title: 'This link has been withdrawn',
    text: 'The session that it belonged to has ended, or may not read this file any more.',
  },
  'claim-mismatch': { title: 'This link is for something else', text: AGAIN },
  'not-found': { title: 'The file is not there any more', text: 'It may have been deleted.' },
  'too-many-requests': {
    title: 'Too many downloads at once',
    text: 'Wait until one of them has ended. Then go back and ask for the file again.',
  },
  unavailable: {
    title: 'This is not possible right now',
    text: 'Nobody can say whether this link is good. Go back, and try again in a moment.',
  },
}
const OTHERWISE: Words = { title: 'That did not work', text: AGAIN }
const UNDER_WAY: Words = {
  title: 'This link is in use',
  text: 'A download with this very link is under way, or has just ended. A link works once.',
}

/** @param isUnderWay somebody is being served with the same link at this moment */
export function refusalPage(code: ProblemCode, isUnderWay: boolean): Page {
  const { title, text } = isUnderWay ? UNDER_WAY : (WORDS[code] ?? OTHERWISE)
  return pageOf(title, `<p>${text}</p>`)
}

/** For a link that somebody has opened: looking at it costs nothing, pressing the button does. The form has no query. */
export function offerPage(claim: string, { file, name }: FileActOf<'download'>): Page {
  const what = name === undefined ? 'the file' : `“${escaped(honestName(name))}”`
  return pageOf(
    'Download',
    `<p>This link lets you download ${what}, once.</p>
<form method="post" action="${file}"><input type="hidden" name="claim" value="${escaped(claim)}"><button>Download</button></form>`,
  )
}

const STYLE = `:root{color-scheme:light dark}
body{margin:0;min-height:100vh;min-height:100dvh;display:grid;place-content:center;justify-items:center;padding:1.5rem;box-sizing:border-box;
font:1rem/1.5 system-ui,sans-serif;background:light-dark(#f5f5f2,#101217);color:light-dark(#1c1e24,#e9eaee);text-align:center}
main{max-width:26rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem;text-wrap:balance}
p{margin:0 0 1.25rem;color:light-dark(#5b5f6b,#a5aab8);overflow-wrap:anywhere}
button{font:inherit;font-weight:550;padding:.5rem 1.25rem;border:0;border-radius:.625rem;background:light-dark(#3d4399,#b3bbff);
color:light-dark(#fff,#14162b);cursor:pointer}`
const STYLE_HASH = `'sha256-${hash('sha256', STYLE, 'base64')}'`
const POLICY = `default-src 'none'; style-src ${STYLE_HASH}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`

function pageOf(title: string, body: string): Page {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<style>${STYLE}</style></head>
<body><main><h1>${title}</h1>
${body}</main></body></html>
`
  return { html, policy: POLICY }
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (letter) => ENTITIES[letter] ?? '')
}
