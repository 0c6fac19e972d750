/** Owns the contract of one way to a gateway: messages go in, replies come out or the channel is over. */
import { type Clock, StreamError } from '@tidemark/core'
import type { Message } from '../thrift/binary-writer.ts'
import type { BinaryReader } from '../thrift/binary-reader.ts'

/** The bare reply and the number that it must repeat. */
export interface Reply {
  readonly from: BinaryReader
  readonly sequence: number
}

/**
 * A channel never hands a reply to another call: when one comes late, or not as expected, all calls on it fail and it is
 * closed. `send` must not be called beyond `capacity`.
 */
export interface Channel {
  readonly capacity: number
  readonly closed: boolean
  readonly send: (message: Message) => Promise<Reply>
  readonly close: (error?: StreamError) => void
}

export interface ChannelOptions {
  readonly clock: Clock
  /** How long a call may take. */
  readonly timeoutMs: number
  /** How many requests may be on their way at a time. */
  readonly inFlight: number
  /** A reply that is larger is refused. */
  readonly maxReplyBytes: number
}

/** Nothing was sent: the same call may always be made again. */
export function unreachable(shown: string, reason: string, cause?: unknown): StreamError {
  return new StreamError(
    'HBASE_UNREACHABLE',
    `HBase at ${shown}: found ${reason}, expected a Thrift2 gateway that takes connections. Check the address and whether the gateway runs.`,
    { retryable: true, cause },
  )
}

/** A call was sent and nobody answered: it may have been carried out or not. */
export function lost(shown: string, reason: string, cause?: unknown): StreamError {
  return new StreamError(
    'HBASE_LOST',
    `HBase at ${shown}: found ${reason}, expected a reply. Check the gateway and the network; for a gateway that closes connections, whether its transport fits: tcp:// for a framed one, http:// for one that speaks HTTP.`,
    { retryable: true, cause },
  )
}

export function timedOut(shown: string, method: string, timeoutMs: number): StreamError {
  return new StreamError(
    'HBASE_TIMEOUT',
    `HBase at ${shown}, asked for ${method}: found no reply for ${timeoutMs} ms, expected one. Look at the gateway and the region servers, or allow more time with 'timeout'.`,
    { retryable: true },
  )
}

export function closedByUs(shown: string): StreamError {
  return new StreamError('HBASE_CLOSED', `HBase at ${shown}: the store was closed. Open it again to use it.`)
}

export function tooLarge(shown: string, size: number, most: number): StreamError {
  return new StreamError(
    'HBASE_REPLY_TOO_LARGE',
    `A reply of HBase at ${shown}: found ${size} bytes or more, expected at most ${most}. One row must not be larger: store less per window.`,
  )
}
