/**
 * Owns one TCP connection with frames: requests follow each other without waiting, replies come in the same order.
 * Invariant: after a reply that is late, wrong or too large there is no further one, because the connection is closed.
 */
import { type Socket, connect } from 'node:net'
import { type Cancel, type StreamError, reasonOf } from '@tidemark/core'
import { FRAME_HEAD, type Message } from '../thrift/binary-writer.ts'
import { BinaryReader, badReply } from '../thrift/binary-reader.ts'
import type { Address } from './address.ts'
import {
  type Channel,
  type ChannelOptions,
  type Reply,
  closedByUs,
  lost,
  timedOut,
  tooLarge,
  unreachable,
} from './channel.ts'
import { wakeAfter } from './retry.ts'

interface Waiting {
  readonly method: string
  readonly sequence: number
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: StreamError) => void
  readonly cancel: Cancel
}

/** What an HTTP server says to a frame, read as the length of one. */
const HTTP = 0x48_54_54_50

/** @throws StreamError HBASE_UNREACHABLE */
export function openFramed(address: Address, options: ChannelOptions): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.host, port: address.port, noDelay: true, keepAlive: true })
    const fail = (reason: string, cause?: unknown): void => {
      cancel()
      socket.destroy()
      reject(unreachable(address.shown, reason, cause))
    }
    const cancel = wakeAfter(options.clock, options.timeoutMs, () => fail(`no connection for ${options.timeoutMs} ms`))
    const onError = (error: Error): void => fail(reasonOf(error), error)
    socket.once('error', onError)
    socket.once('connect', () => {
      cancel()
      socket.off('error', onError)
      resolve(new FramedChannel(socket, address, options))
    })
  })
}

class FramedChannel implements Channel {
  readonly capacity: number
  closed = false
  readonly #socket: Socket
  readonly #address: Address
  readonly #options: ChannelOptions
  readonly #waiting: Waiting[] = []
  #sequence = 0
  /** What has come of the current frame, and how much of it is needed. */
  #chunks: Buffer[] = []
  #size = 0
  #needed = FRAME_HEAD

  constructor(socket: Socket, address: Address, options: ChannelOptions) {
    this.#socket = socket
    this.#address = address
    this.#options = options
    this.capacity = options.inFlight
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.close(lost(address.shown, reasonOf(error), error)))
    socket.on('close', () => this.close(lost(address.shown, 'a closed connection')))
    // A gateway that ends its side will not answer any more.
    socket.on('end', () => this.close(lost(address.shown, 'a closed connection')))
  }

  send(message: Message): Promise<Reply> {
    const { method, bytes, sequenceAt } = message
    const { clock, timeoutMs } = this.#options
    // It may have been closed since it was chosen; nothing is sent then.
    if (this.closed) return Promise.reject(unreachable(this.#address.shown, 'a connection that was closed just now'))
    const sequence = (this.#sequence = (this.#sequence + 1) & 0x7fff_ffff)
    bytes.writeInt32BE(sequence, sequenceAt)
    return new Promise((resolve, reject) => {
      const cancel = wakeAfter(clock, timeoutMs, () => this.close(timedOut(this.#address.shown, method, timeoutMs)))
      this.#waiting.push({ method, sequence, resolve, reject, cancel })
      this.#socket.write(bytes)
    })
  }

  close(error: StreamError = closedByUs(this.#address.shown)): void {
    if (this.closed) return
    this.closed = true
    this.#socket.destroy()
    this.#chunks = []
    for (const { cancel, reject } of this.#waiting.splice(0)) {
      cancel()
      reject(error)
    }
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    while (!this.closed && this.#size >= this.#needed) {
      const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#size)
      this.#chunks = [bytes]
      const length = bytes.readInt32BE(0)
      if (!this.#fits(length)) return
      this.#needed = FRAME_HEAD + length
      if (this.#size < this.#needed) return
      this.#answer(bytes.subarray(FRAME_HEAD, this.#needed))
      const rest = bytes.subarray(this.#needed)
      this.#chunks = rest.length === 0 ? [] : [rest]
      this.#size = rest.length
      this.#needed = FRAME_HEAD
    }
  }

  #fits(length: number): boolean {
    const { maxReplyBytes } = this.#options
    if (length >= 0 && length <= maxReplyBytes) return true
    const { shown } = this.#address
    if (length === HTTP) this.close(badReply('HTTP', 'frames'))
    else this.close(length < 0 ? badReply(`a frame of ${length} bytes`) : tooLarge(shown, length, maxReplyBytes))
    return false
  }

  #answer(message: Buffer): void {
    const next = this.#waiting.shift()
    if (next === undefined) return this.close(badReply('a reply that nobody waits for'))
    next.cancel()
    next.resolve({ from: new BinaryReader(message), sequence: next.sequence })
  }
}
