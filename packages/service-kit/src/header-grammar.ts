/**
 * Header fields that are lists of values with parameters: `Accept`, `Accept-Encoding`, `Content-Type`, `Cache-Control`
 * (RFC 9110 §5.6).
 * Promise: a value is the same quoted or not, names are the same in any case, and nothing within quotes is taken for grammar.
 */

export interface HeaderElement {
  /** In lower case: a media type or range, a coding, a directive. */
  readonly value: string
  /** By their names in lower case; of one that comes twice the first. */
  readonly parameters: ReadonlyMap<string, string>
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const QUOTED = String.raw`"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*)"`
const BLANKS = /[\t ]*/y
/** `gzip`, `text/html`, and directives with an argument (`max-age=0`). */
const VALUE = new RegExp(`(${TOKEN}(?:/${TOKEN})?)(?:=(?:(${TOKEN})|${QUOTED}))?`, 'y')
const PARAMETER = new RegExp(`;[\\t ]*(?:(${TOKEN})=(?:(${TOKEN})|${QUOTED}))?`, 'y')
const COMMAS = /(?:,[\t ]*)+/y

/** Without the SP and HTAB around it (RFC 9110 §5.6.3): `trim` also removes U+00A0 and others, which are part of a value. */
export function withoutBlanks(text: string): string {
  // One pass: a pattern for the blanks at an end begins anew at each blank of a run in the middle.
  let [start, end] = [0, text.length]
  while (start < end && isBlank(text[start])) start += 1
  while (end > start && isBlank(text[end - 1])) end -= 1
  return text.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

/** The items of a list without parameters or quotes, such as `Connection`; empty items stay. */
export function listItems(text: string): string[] {
  return text.split(',').map(withoutBlanks)
}

/** Undefined for what is no such list; empty for an empty one. */
export function elementsOf(text: string): HeaderElement[] | undefined {
  const reader = new Reader(text)
  const elements: HeaderElement[] = []
  reader.take(BLANKS)
  reader.take(COMMAS)
  while (!reader.isAtEnd) {
    const [, value, token, quoted] = reader.take(VALUE) ?? []
    if (value === undefined) return undefined
    const parameters = new Map<string, string>()
    if (token !== undefined || quoted !== undefined) parameters.set('', token ?? unquoted(quoted ?? ''))
    reader.take(BLANKS)
    for (let found = reader.take(PARAMETER); found !== null; found = reader.take(PARAMETER)) {
      const [, name, plain, inQuotes] = found
      const key = name?.toLowerCase()
      if (key !== undefined && !parameters.has(key)) parameters.set(key, plain ?? unquoted(inQuotes ?? ''))
      reader.take(BLANKS)
    }
    elements.push({ value: value.toLowerCase(), parameters })
    if (!reader.isAtEnd && reader.take(COMMAS) === null) return undefined
  }
  return elements
}

/** Whether a media type or coding is named as one that the caller takes. Wildcards name none; `q=0` refuses it. */
export function isNamedIn(text: string | undefined, value: string): boolean {
  return (elementsOf(text ?? '') ?? []).some(
    (element) => element.value === value && Number(element.parameters.get('q') ?? 1) > 0,
  )
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found !== null) this.#at += found[0].length
    return found
  }
}

function unquoted(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1')
}
