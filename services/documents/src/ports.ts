/**
 * ③ What the domain and the routes need from the outside, in their own words.
 */
import type { SessionId, Subject, TenantId } from '@curfew/contracts'
import type { FileAct, FileId, MintedClaim } from '@curfew/one-time-claims'

import type { Place } from './domain/cursor.ts'
import type { Content, Document, DocumentId } from './domain/document.ts'

/** On whose behalf something is asked: every claim is minted for a session and dies with it. */
export interface Caller {
  readonly subject: Subject
  readonly session: SessionId
  /** Handed on, so that one id runs through the logs of all services. */
  readonly requestId: string
}

export interface Page {
  readonly documents: readonly Document[]
  /** Where the next page begins; undefined when there is none. */
  readonly next: Place | undefined
}

/** The most that there may be at a time, of one user and of all users of a tenant. */
export interface Quota {
  readonly perUser: number
  readonly perTenant: number
}

/** Every method rejects when the store cannot be reached; then the outcome of a change is unknown. */
export interface DocumentStore {
  /** Adds nothing when there are too many already. */
  add(document: Document, quota: Quota): Promise<'added' | 'full'>
  find(tenant: TenantId, id: DocumentId): Promise<Document | undefined>
  /** Newest first. */
  list(tenant: TenantId, from: { readonly after: Place | undefined; readonly limit: number }): Promise<Page>
  /** Replaces what is known of a document, unless it has been removed. */
  remember(document: Document): Promise<void>
  remove(document: Document): Promise<void>
}

/** Claims for uploads that are out: each may still bring as many bytes as a document may have. */
export interface UploadAllowance {
  /** Counts one that expires at that time, unless there are too many. Rejects when the store cannot be reached. */
  take(by: Subject, lifetime: { readonly nowMs: number; readonly untilMs: number }): Promise<'taken' | 'full'>
}

export type Look =
  | { readonly kind: 'stored'; readonly content: Content }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unavailable'; readonly cause: unknown }

export type Removal =
  | { readonly kind: 'gone' }
  /** The caller's session ended in the middle. */
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'unavailable'; readonly cause: unknown }

/** The file service has callers on both sides of the boundary. */
export interface FileServiceUrls {
  /** As this service reaches it. */
  readonly inside: string
  /** As those reach it who were given a claim. */
  readonly outside: string
}

/** Neither method rejects. */
export interface FileService {
  look(file: FileId, caller: Caller): Promise<Look>
  /** Can be repeated: what is not there is gone. */
  remove(file: FileId, caller: Caller): Promise<Removal>
  /** Where a claim for this file is to be presented. */
  urlOf(file: FileId): string
}

export interface ClaimMint {
  mint(act: FileAct, caller: Caller): Promise<MintedClaim>
  /** The public keys that verify what was minted. */
  jwks(): { readonly keys: readonly object[] }
}
