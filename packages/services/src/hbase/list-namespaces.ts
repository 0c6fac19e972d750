/**
 * Owns the one Thrift2 call that tells whether HBase serves: `listNamespaces`, which the master answers once it is
 * initialised and has a region server. Over both transports the message is the same.
 */
import { exchange, framed } from '../net/exchange.ts'

const method = 'listNamespaces'
const timeoutMs = 10_000

/** A call in Thrift's strict binary protocol, with an empty struct of arguments. */
export const listNamespacesCall: Buffer = Buffer.concat([
  Buffer.from([0x80, 0x01, 0x00, 0x01]),
  int32(method.length),
  Buffer.from(method),
  int32(1),
  Buffer.from([0]),
])

/** How many namespaces there are, over framed TCP. @throws Error when there is no answer, or another one */
export function namespacesOverTcp(port: number): Promise<number> {
  const request = Buffer.concat([int32(listNamespacesCall.length), listNamespacesCall])
  return exchange({ port }, request, (got) => {
    const message = framed(got)
    return message === undefined ? undefined : readNamespaces(message)
  })
}

/** The same over HTTP. */
export async function namespacesOverHttp(url: string): Promise<number> {
  const body = new Uint8Array(listNamespacesCall)
  const response = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(timeoutMs) })
  const bytes = Buffer.from(await response.arrayBuffer())
  if (response.status !== 200) throw new Error(`${url}: HTTP status ${response.status}, expected 200`)
  return readNamespaces(bytes)
}

/** A reply whose result, field 0, is a list: its length. Any other field is an error of HBase. */
export function readNamespaces(message: Buffer): number {
  const kind = message.readInt32BE(0)
  if (kind !== 0x8001_0002 - 2 ** 32) throw new Error(`a message of kind ${kind >>> 0}, expected the reply to a call`)
  const result = 8 + message.readInt32BE(4) + 4
  const [type, id] = [message.readInt8(result), message.readInt16BE(result + 1)]
  if (type !== 15 || id !== 0) throw new Error(`field ${id} of type ${type}, expected the list of namespaces`)
  return message.readInt32BE(result + 4)
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
