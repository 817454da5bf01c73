/**
 * ⑤ The latest message of one subject of a stream.
 * Promise: safe at any time. nats-server 2.9.10 ends with a panic, for everybody, when it is asked about a message of a
 * stream that somebody is creating at this moment: it has the stream before it has a store for it. How far such a stream
 * goes it may be asked, and where that is nowhere there is no message.
 */
import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream'

/** Null when there is none. Rejects when the stream is gone or nobody answers. */
export async function latestMessage(
  { streams }: JetStreamManager,
  stream: string,
  last_by_subj: string,
): Promise<StoredMsg | null> {
  const { state } = await streams.info(stream)
  return state.last_seq === 0 ? null : streams.getMessage(stream, { last_by_subj })
}
