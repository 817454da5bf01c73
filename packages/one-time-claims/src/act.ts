/**
 * ⑥ The words of a one-time claim: one act on one file, and the pieces that it is written with.
 * Promise: whoever mints and whoever obeys share these shapes, so a claim that was minted is never refused for its form.
 */
import { Type, type Static } from 'typebox'

const closed = { additionalProperties: false }

/** 16 random bytes in base64url: names the bytes in the file service, and nothing else anywhere. */
export type FileId = string & { readonly __brand: 'FileId' }
export const FileIdSchema = Type.Unsafe<FileId>(
  Type.String({ pattern: '^[A-Za-z0-9_-]{22}$', description: 'File id' }),
)

/** `sha-256=:<base64>:`, the one form of a digest here: a dictionary of one member, as RFC 9530 writes it in a header. */
export type Digest = string & { readonly __brand: 'Digest' }
export const DigestSchema = Type.Unsafe<Digest>(
  Type.String({
    // The last letter is one that 32 bytes can end in, so that equal digests are equal strings.
    pattern: '^sha-256=:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=:$',
    description: 'SHA-256 of the content as in Repr-Digest (RFC 9530): sha-256=:<base64>:',
  }),
)

/** @param sha256 the 32 bytes of the hash */
export function formatDigest(sha256: Buffer): Digest {
  return `sha-256=:${sha256.toString('base64')}:` as Digest
}

/** A strong entity tag, quotes included. */
export const EntityTagSchema = Type.String({ pattern: '^"[!#-~]{1,80}"$', description: 'Strong entity tag' })

// Letters are counted as code points: by what people see as one letter, a name could be of any size.
export const FileNameSchema = Type.String({
  pattern: '^[^\\p{Cc}\\p{Cs}\\u2028\\u2029/\\\\]{1,255}$',
  description: 'Any Unicode name without control characters and path separators',
})

const TOKEN = '[A-Za-z0-9!#$&^_.+-]{1,63}'
export const MediaTypeSchema = Type.String({
  pattern: `^${TOKEN}/${TOKEN}(; ?${TOKEN}=${TOKEN}){0,3}$`,
  maxLength: 127,
  description: 'Media type, for example application/pdf or text/plain; charset=utf-8',
})

export const ByteCountSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** Every member restricts, so the file service enforces each of them and refuses what it does not know. */
export const FileActSchema = Type.Union([
  Type.Object(
    {
      op: Type.Literal('download'),
      file: FileIdSchema,
      /** The version that may be read. */
      etag: Type.Optional(EntityTagSchema),
      /** How the bytes are announced: the minting service knows the document, the file service only bytes. */
      content_type: Type.Optional(MediaTypeSchema),
      name: Type.Optional(FileNameSchema),
    },
    closed,
  ),
  Type.Object(
    {
      op: Type.Literal('upload'),
      file: FileIdSchema,
      min_bytes: Type.Optional(ByteCountSchema),
      max_bytes: Type.Optional(ByteCountSchema),
      digest: Type.Optional(DigestSchema),
      content_type: Type.Optional(MediaTypeSchema),
    },
    closed,
  ),
  Type.Object({ op: Type.Literal('delete'), file: FileIdSchema }, closed),
])
export type FileAct = Static<typeof FileActSchema>
export type FileActOf<Op extends FileAct['op']> = Extract<FileAct, { op: Op }>
