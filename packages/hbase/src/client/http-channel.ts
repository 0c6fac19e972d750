/** Owns requests over HTTP or HTTPS: one POST for each call, connections kept and re-used by Node's agent. */
import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as SecureAgent, request as requestHttps } from 'node:https'
import { type Cancel, StreamError, reasonOf } from '@tidemark/core'
import { FRAME_HEAD, type Message } from '../thrift/binary-writer.ts'
import { BinaryReader } from '../thrift/binary-reader.ts'
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

export type Headers = Readonly<Record<string, string>>

export interface TlsOptions {
  /** Authorities to trust instead of the public ones, PEM. */
  readonly ca?: string | Uint8Array
  /** The client's own certificate and key, PEM. */
  readonly cert?: string | Uint8Array
  readonly key?: string | Uint8Array
  readonly servername?: string
}

export interface HttpOptions extends ChannelOptions {
  readonly connections: number
  readonly headers: () => Headers | Promise<Headers>
  readonly tls: TlsOptions | undefined
}

/** Behind a proxy an error may be a page. */
const MOST_ERROR_TEXT = 120

export class HttpChannel implements Channel {
  readonly capacity: number
  closed = false
  readonly #address: Address
  readonly #options: HttpOptions
  readonly #agent: Agent
  readonly #open: Set<(error: StreamError) => void> = new Set()
  #sequence = 0

  constructor(address: Address, options: HttpOptions) {
    this.#address = address
    this.#options = options
    this.capacity = options.connections
    const pool = { keepAlive: true, maxSockets: options.connections, maxFreeSockets: options.connections }
    // Buffers, because the types of Node know no other bytes here.
    const tls = Object.entries(options.tls ?? {}).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : Buffer.from(value as Uint8Array),
    ])
    this.#agent =
      address.transport === 'https' ? new SecureAgent({ ...pool, ...Object.fromEntries(tls) }) : new Agent(pool)
  }

  async send({ method, bytes, sequenceAt }: Message): Promise<Reply> {
    if (this.closed) throw closedByUs(this.#address.shown)
    const sequence = (this.#sequence = (this.#sequence + 1) & 0x7fff_ffff)
    bytes.writeInt32BE(sequence, sequenceAt)
    const body = await this.#post(method, bytes.subarray(FRAME_HEAD))
    return { from: new BinaryReader(body), sequence }
  }

  close(error: StreamError = closedByUs(this.#address.shown)): void {
    if (this.closed) return
    this.closed = true
    for (const fail of this.#open) fail(error)
    this.#agent.destroy()
  }

  #post(method: string, body: Buffer): Promise<Buffer> {
    const { clock, timeoutMs } = this.#options
    const { shown } = this.#address
    return new Promise((resolve, reject) => {
      let request: ClientRequest | undefined
      const end = (): void => {
        this.#open.delete(fail)
        cancel()
      }
      const fail = (error: StreamError): void => {
        if (!this.#open.has(fail)) return
        end()
        reject(error)
        // Its late reply must not be read as that of the next call on the connection.
        request?.destroy()
      }
      this.#open.add(fail)
      const cancel: Cancel = wakeAfter(clock, timeoutMs, () => fail(timedOut(shown, method, timeoutMs)))
      const start = (headers: Headers): void => {
        if (!this.#open.has(fail)) return
        request = this.#request(body.length, headers)
        request.on('error', (error) =>
          fail(connected(request) ? lost(shown, reasonOf(error), error) : unreachable(shown, reasonOf(error), error)),
        )
        request.on('response', (response) => {
          this.#read(response, (read) => {
            if (read instanceof StreamError) return fail(read)
            end()
            resolve(read)
          })
        })
        request.end(body)
      }
      try {
        const headers = this.#options.headers()
        if (headers instanceof Promise) headers.then(start, (cause: unknown) => fail(noHeaders(cause)))
        else start(headers)
      } catch (cause) {
        fail(noHeaders(cause))
      }
    })
  }

  #request(length: number, headers: Headers): ClientRequest {
    const { host, port, path, transport } = this.#address
    const all = { 'content-type': 'application/x-thrift', 'content-length': String(length), ...headers }
    const options = { host, port, path, method: 'POST', agent: this.#agent, headers: all }
    return transport === 'https' ? requestHttps(options) : requestHttp(options)
  }

  #read(response: IncomingMessage, done: (read: Buffer | StreamError) => void): void {
    const { shown } = this.#address
    const { maxReplyBytes } = this.#options
    const chunks: Buffer[] = []
    let size = 0
    response.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxReplyBytes) return done(tooLarge(shown, size, maxReplyBytes))
      chunks.push(chunk)
    })
    response.on('error', (error) => done(lost(shown, reasonOf(error), error)))
    response.on('aborted', () => done(lost(shown, 'a reply that ends early')))
    response.on('end', () => {
      const body = Buffer.concat(chunks)
      done(response.statusCode === 200 ? body : badStatus(shown, response.statusCode ?? 0, body))
    })
  }
}

/** Whether the request may have reached the other side. */
function connected(request: ClientRequest | undefined): boolean {
  return request?.socket?.connecting === false && request.socket.remoteAddress !== undefined
}

function badStatus(shown: string, status: number, body: Buffer): StreamError {
  const denied = status === 401 || status === 403
  const text = body
    .subarray(0, MOST_ERROR_TEXT)
    .toString()
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const remedy = denied
    ? "Give the store 'auth' or 'headers' that the gateway, or the proxy before it, accepts."
    : 'Check that the address is that of a Thrift2 gateway that speaks HTTP.'
  const said = text === '' || denied ? '' : ` ('${text}')`
  const sentence = `HBase at ${shown}: found HTTP status ${status}${said}, expected 200. ${remedy}`
  // What stands before a gateway says 429, 502, 503 or 504 while it is away.
  const retryable = [429, 502, 503, 504].includes(status)
  return denied
    ? new StreamError('HBASE_DENIED', sentence)
    : new StreamError('HBASE_BAD_STATUS', sentence, { retryable })
}

function noHeaders(cause: unknown): StreamError {
  return new StreamError(
    'HBASE_NO_CREDENTIALS',
    `The function in 'auth' or 'headers' of an HBase store threw ${reasonOf(cause)}. Return what the gateway wants, or throw only where it cannot be had.`,
    { cause },
  )
}
