/** Owns the one Kafka request that tells whether a broker serves: Metadata, version 4, written by hand. */
import { type Address, exchange, framed } from '../net/exchange.ts'

export interface Broker {
  readonly id: number
  readonly address: string
}

const correlation = 1

/** The live brokers as this one knows them. A broker accepts connections long before it answers. */
export function liveBrokers(address: Address): Promise<readonly Broker[]> {
  return exchange(address, request, (got) => {
    const body = framed(got)
    return body === undefined ? undefined : readBrokers(body)
  })
}

const request: Buffer = (() => {
  const bytes = Buffer.alloc(19)
  bytes.writeInt32BE(15, 0)
  bytes.writeInt16BE(3, 4) // Metadata
  bytes.writeInt16BE(4, 6) // version
  bytes.writeInt32BE(correlation, 8)
  bytes.writeInt16BE(-1, 12) // no client id
  bytes.writeInt32BE(0, 14) // no topics
  bytes.writeInt8(0, 18) // and none to be created
  return bytes
})()

/** Correlation id, throttle time, then the brokers; what follows is not needed. */
export function readBrokers(body: Buffer): readonly Broker[] {
  const found = body.readInt32BE(0)
  if (found !== correlation) throw new Error(`reply to request ${found}, expected one to ${correlation}`)
  const brokers: Broker[] = []
  let at = 12
  for (let left = body.readInt32BE(8); left > 0; left--) {
    const id = body.readInt32BE(at)
    const hostEnd = at + 6 + body.readInt16BE(at + 4)
    const host = body.toString('utf8', at + 6, hostEnd)
    brokers.push({ id, address: `${host}:${body.readInt32BE(hostEnd)}` })
    const rack = body.readInt16BE(hostEnd + 4)
    at = hostEnd + 6 + Math.max(rack, 0)
  }
  return brokers
}
