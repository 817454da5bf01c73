/** Puts a mistake into a source. */
import type { Mutant } from './mutants.ts'

/** @throws where the place of the mistake is not there, or not the only one of its kind */
export function mutate({ name, file, edits }: Mutant, source: string): string {
  return edits.reduce((text, [find, replace]) => {
    const places = text.split(find).length - 1
    if (places !== 1) throw new Error(`mutant '${name}': its place is ${places} times in ${file}`)
    return text.replace(find, () => replace)
  }, source)
}
