/** Owns one request and its reply over a fresh connection to 127.0.0.1: how readiness is asked for. */
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface Address {
  readonly port: number
  /** The certificate to trust, when the port speaks TLS. */
  readonly ca?: string | undefined
}

const timeoutMs = 10_000
/** Readiness is told in a few hundred bytes; what goes on and on is not the expected protocol. */
const maxReply = 1 << 20

/**
 * Sends the request and hands all that has come so far to `read`, until that makes something of it.
 * @throws Error when there is no connection, no full reply or one that `read` throws at
 */
export function exchange<T>({ port, ca }: Address, request: Buffer, read: (got: Buffer) => T | undefined): Promise<T> {
  const host = '127.0.0.1'
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0)
    const socket = ca === undefined ? connect(port, host) : connectTls({ port, host, ca, servername: 'localhost' })
    const fail = (what: string): void => {
      reject(new Error(`port ${port}: ${what}`))
      socket.destroy()
    }
    socket.setTimeout(timeoutMs, () => fail(`no full reply for ${timeoutMs / 1000} s`))
    socket.on('error', (error) => fail(error.message))
    socket.on('close', () => fail('closed before a full reply'))
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk])
      if (got.length > maxReply) return fail(`more than ${maxReply} bytes of reply`)
      try {
        const reply = read(got)
        if (reply === undefined) return
        resolve(reply)
        socket.destroy()
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error))
      }
    })
    socket.write(request)
  })
}

/** The body of a message that begins with its length as four bytes; undefined until it is whole. */
export function framed(got: Buffer): Buffer | undefined {
  if (got.length < 4) return undefined
  const length = got.readInt32BE(0)
  if (length < 0 || length > maxReply) throw new Error(`a frame of ${length} bytes is no reply to what was asked`)
  return got.length < 4 + length ? undefined : got.subarray(4, 4 + length)
}

/** The answer of a question, or undefined for whatever goes wrong: while a service starts, everything may. */
export async function answerOf<T>(question: Promise<T>): Promise<T | undefined> {
  return question.catch(() => undefined)
}
