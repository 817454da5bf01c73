/**
 * ⑦ What the routes need from the outside, in their own words.
 */
import type { Readable } from 'node:stream'

import type {
  ClaimVerdict,
  Delivery,
  DeliveryEnd,
  Digest,
  FileActOf,
  FileClaim,
  FileId,
  Redemption,
} from '@curfew/one-time-claims'

import type { DemandedDigest } from './domain/integrity-fields.ts'

export type Operation = 'download' | 'upload' | 'delete'

/** A claim that has been found to allow this operation on this file. */
export type ClaimFor<Op extends Operation> = FileClaim & { readonly act: FileActOf<Op> }

export interface ClaimDesk {
  /** Never rejects. */
  verify(claim: string): Promise<ClaimVerdict>
  /** @throws RequestFailed when the authority cannot be asked; the claim may then be spent. */
  redeem(claim: FileClaim, delivery?: Delivery): Promise<Redemption>
  /** Free: whether the session behind the claim is alive and may still do this. @throws RequestFailed */
  stands(claim: FileClaim): Promise<boolean>
  /** Never rejects; goes on trying for as long as the claim lasts. */
  release(claim: FileClaim, end: DeliveryEnd): Promise<void>
  /**
   * Calls back once when the session behind the claim has ended, has lost the permission, or nobody has been able to say
   * for seconds.
   * @returns stops watching
   */
  watch(claim: FileClaim, onWithdrawn: () => void): () => void
}

/** What is known of stored bytes. They never change: a file is written once, read, and deleted. */
export interface StoredFile {
  readonly size: number
  readonly digest: Digest
  readonly contentType: string
}

/** Bytes on their way out of the store, to be piped: a chunk is good until the next one is read. */
export type Content = Readable & { readonly bytesRead: number }

/** Holds a file handle until the stream has ended or `close()` is called. */
export interface OpenFile {
  readonly file: StoredFile
  /** The bytes from `from` to the one before `until`; all of them when not given. */
  stream(part?: { readonly from: number; readonly until: number }): Content
  close(): Promise<void>
}

export interface UploadLimits {
  readonly contentType: string
  readonly minBytes: number
  readonly maxBytes: number
  /** Statements of the claim and the sender about the content. All of them must hold. */
  readonly digests: readonly DemandedDigest[]
}

/** Whatever is not `stored` has left nothing behind. */
export type Receipt =
  | { readonly kind: 'stored'; readonly file: StoredFile }
  | {
      readonly kind:
        | 'exists'
        | 'removed'
        | 'too-small'
        | 'too-large'
        | 'digest-mismatch'
        | 'full'
        | 'broken-off'
    }

export interface FileStore {
  find(id: FileId): Promise<StoredFile | undefined>
  open(id: FileId): Promise<OpenFile | undefined>
  receive(id: FileId, source: AsyncIterable<Uint8Array>, limits: UploadLimits): Promise<Receipt>
  /** Also of what is not there yet: no upload that ends later is stored. */
  remove(id: FileId): Promise<void>
  /** True for as long as an upload could still end after the removal. */
  wasRemoved(id: FileId): Promise<boolean>
}
