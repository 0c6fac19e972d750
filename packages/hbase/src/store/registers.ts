/**
 * Owns small named values with compare-and-set: each in a row of its own, as [count 8 bytes][nonce 8 bytes][value], with
 * the count as its timestamp. So no clock of a server decides which is newer, and whoever lost the reply to its own
 * attempt finds its nonce, or does not.
 */
import { randomBytes } from 'node:crypto'
import { StreamError } from '@tidemark/core'
import type { CallOptions, Gateway } from '../client/gateway.ts'
import { checkAndPut, getRow } from '../thrift/methods.ts'
import { FAMILY, notOurs } from './layout.ts'

const COUNT_BYTES = 8
const HEAD_BYTES = 16
const QUALIFIER = Buffer.from('v')
/** How often in a row others may be faster although the value is what was expected. */
const ATTEMPTS = 20

interface Register {
  readonly count: number
  /** As it lies there, which is what the next compare expects. */
  readonly bytes: Buffer
}

export class Registers {
  readonly #gateway: Gateway
  readonly #table: Uint8Array
  readonly #options: CallOptions

  constructor(gateway: Gateway, table: Uint8Array, options: CallOptions = {}) {
    this.#gateway = gateway
    this.#table = table
    this.#options = options
  }

  async get(row: Uint8Array): Promise<Uint8Array | undefined> {
    const found = await this.#read(row)
    return found === undefined ? undefined : new Uint8Array(found.bytes.subarray(HEAD_BYTES))
  }

  /**
   * False: the register holds something else than `expected`. A reply that was lost is found out about.
   * @throws StreamError HBASE_OUTCOME_UNKNOWN when that cannot be: others have set the register since
   */
  async compareAndSet(row: Uint8Array, expected: Uint8Array | undefined, value: Uint8Array): Promise<boolean> {
    const own = randomBytes(HEAD_BYTES - COUNT_BYTES)
    const trouble = this.#gateway.trouble()
    let lost = false
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const now = await this.#read(row)
      if (lost && now?.bytes.subarray(COUNT_BYTES, HEAD_BYTES).equals(own) === true) return true
      const held = now?.bytes.subarray(HEAD_BYTES)
      if (expected === undefined ? held !== undefined : held?.equals(expected) !== true) {
        if (lost) throw unknownOutcome()
        return false
      }
      const count = (now?.count ?? 0) + 1
      // The same bytes at each attempt from the same state: one that arrives late does what this one did, or nothing.
      const bytes = registerBytes(count, own, value)
      const put = { row, qualifier: QUALIFIER, expected: now?.bytes, value: bytes, timestamp: count }
      try {
        if (await this.#gateway.call(checkAndPut(this.#table, FAMILY, put), this.#options)) return true
      } catch (error) {
        lost = true
        await trouble.over(error)
      }
    }
    throw unknownOutcome()
  }

  async #read(row: Uint8Array): Promise<Register | undefined> {
    const found = await this.#gateway.call(getRow(this.#table, row, FAMILY), this.#options)
    const bytes = found?.cells.find(({ qualifier }) => qualifier.equals(QUALIFIER))?.value
    if (bytes === undefined) return undefined
    if (bytes.length < HEAD_BYTES) throw notOurs(`a register of ${bytes.length} bytes`)
    return { count: Number(bytes.readBigUInt64BE(0)), bytes }
  }
}

function registerBytes(count: number, own: Uint8Array, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + value.length)
  bytes.writeBigUInt64BE(BigInt(count))
  bytes.set(own, COUNT_BYTES)
  bytes.set(value, HEAD_BYTES)
  return bytes
}

function unknownOutcome(): StreamError {
  return new StreamError(
    'HBASE_OUTCOME_UNKNOWN',
    'A register in HBase: found it changed by others after a reply to our own change was lost, expected to learn whether ours was made. Read it and decide anew.',
    { retryable: true },
  )
}
