/**
 * ③ Whether the bytes of a document are stored: asked of the file service, remembered once they are.
 * Promise: 'absent' is only ever the file service's word; where it cannot be asked, nothing is claimed.
 */
import type { Caller, DocumentStore, FileService } from '../ports.ts'
import type { Content, Document } from './document.ts'

export type Learned =
  | { readonly kind: 'stored'; readonly content: Content }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unavailable'; readonly cause: unknown }

export async function learnContent(
  ports: { readonly documents: DocumentStore; readonly files: FileService },
  document: Document,
  caller: Caller,
): Promise<Learned> {
  if (document.content !== undefined) return { kind: 'stored', content: document.content }
  const look = await ports.files.look(document.file, caller)
  if (look.kind === 'stored') await ports.documents.remember({ ...document, content: look.content })
  return look
}
