/**
 * Owns writing by hand: record batches (magic 2, not packed) into one buffer, for one Produce request each. The floor
 * that JavaScript with this client has for writing results.
 */
import { Connection, type Reader, Writer, crc32c, createAPI, produceV11 } from '@platformatic/kafka'

const HEAD = 61
/** Below the broker's 1 MiB for a batch. */
const LIMIT = 900_000

export class HandBatch {
  readonly #buffer = Buffer.allocUnsafe(LIMIT + 4_096)
  #at = HEAD
  count = 0

  /** True: the batch is full. */
  add(key: string, value: string): boolean {
    const keySize = Buffer.byteLength(key)
    const valueSize = Buffer.byteLength(value)
    const size = (n: number): number => (n < 64 ? 1 : n < 8_192 ? 2 : n < 1_048_576 ? 3 : 4)
    this.#varint(1 + 1 + size(this.count) + size(keySize) + keySize + size(valueSize) + valueSize + 1)
    this.#buffer[this.#at++] = 0
    this.#buffer[this.#at++] = 0
    this.#varint(this.count++)
    this.#varint(keySize)
    this.#at += this.#buffer.write(key, this.#at)
    this.#varint(valueSize)
    this.#at += this.#buffer.write(value, this.#at)
    this.#buffer[this.#at++] = 0
    return this.#at > LIMIT
  }

  finish(): Buffer {
    const bytes = this.#buffer
    const now = BigInt(Date.now())
    bytes.writeBigInt64BE(0n, 0)
    bytes.writeInt32BE(this.#at - 12, 8)
    bytes.writeInt32BE(0, 12)
    bytes.writeInt8(2, 16)
    bytes.writeInt16BE(0, 21)
    bytes.writeInt32BE(this.count - 1, 23)
    bytes.writeBigInt64BE(now, 27)
    bytes.writeBigInt64BE(now, 35)
    bytes.writeBigInt64BE(-1n, 43)
    bytes.writeInt16BE(-1, 51)
    bytes.writeInt32BE(-1, 53)
    bytes.writeInt32BE(this.count, 57)
    bytes.writeUInt32BE(crc32c(bytes.subarray(21, this.#at)), 17)
    return bytes.subarray(0, this.#at)
  }

  /** Zigzag of a value that is not negative. */
  #varint(value: number): void {
    let rest = (value << 1) >>> 0
    while (rest > 127) {
      this.#buffer[this.#at++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.#buffer[this.#at++] = rest
  }
}

export async function handSender(
  address: string,
  topic: string,
): Promise<{ send(partition: number, batch: HandBatch): Promise<void>; close(): Promise<void> }> {
  const produce = createAPI(
    0,
    11,
    (name: string, partition: number, batch: Buffer) =>
      Writer.create()
        .appendString(null)
        .appendInt16(-1)
        .appendInt32(30_000)
        .appendArray([name], (topics, one) => {
          topics.appendString(one).appendArray([partition], (partitions, index) => {
            partitions
              .appendInt32(index)
              .appendUnsignedVarInt(batch.length + 1)
              .append(batch)
          })
        })
        .appendTaggedFields(),
    produceV11.parseResponse as (...rest: [number, number, number, Reader]) => unknown,
  )
  const [host = '', port] = address.split(':')
  const connection = new Connection('hand', { requestTimeout: 60_000 })
  await connection.connect(host, Number(port))
  return {
    send: async (partition, batch) => {
      await produce.async(connection, topic, partition, batch.finish())
    },
    close: () => connection.close(),
  }
}
