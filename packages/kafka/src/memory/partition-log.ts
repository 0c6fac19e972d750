/**
 * Owns one partition of the twin: encoded batches as a broker keeps them, with what idempotent and transactional writers
 * need. It answers reads as brokers do, cut off in the middle of a batch where the size asked for ends.
 */
import { CODE } from '../client/error-codes.ts'
import type { AbortedTransaction } from '../fetch/committed-filter.ts'
import { BatchWalk } from '../wire/batch-walk.ts'
import { BatchWriter } from '../wire/batch-writer.ts'
import { AT } from '../wire/layout.ts'
import { RecordWalk } from '../wire/record-walk.ts'

const OUT_OF_ORDER_SEQUENCE = 45
/** Batches of a producer that a broker knows again. */
const REMEMBERED = 5
const WALK = { maxDecompressedBytes: 1 << 30, checksums: true }

interface Stored {
  readonly bytes: Buffer
  readonly base: bigint
  readonly next: bigint
  /** The greatest timestamp in it. */
  readonly timestamp: number
}

interface Appended {
  readonly error: number
  readonly baseOffset: bigint
}

export interface Read {
  readonly error: number
  readonly records: Uint8Array
  readonly aborted: readonly AbortedTransaction[]
}

export class PartitionLog {
  readonly #batches: Stored[] = []
  #start = 0n
  #end = 0n
  /** First offsets of transactions that are not decided, by producer. */
  readonly #open: Map<bigint, bigint> = new Map()
  readonly #aborted: (AbortedTransaction & { readonly lastOffset: bigint })[] = []
  /** The last batches of each idempotent producer: [first sequence, sequence behind it, offset]. */
  readonly #sequences: Map<string, (readonly [first: number, next: number, base: bigint])[]> = new Map()

  get start(): bigint {
    return this.#start
  }

  get end(): bigint {
    return this.#end
  }

  get stableEnd(): bigint {
    let least = this.#end
    for (const first of this.#open.values()) if (first < least) least = first
    return least
  }

  /** Keeps copies of the batches in `given`. */
  append(given: Uint8Array): Appended {
    const bytes = Buffer.from(given)
    const walk = new BatchWalk(bytes, WALK)
    if (!walk.next()) return { error: 2, baseOffset: -1n }
    const { producerId, producerEpoch, baseSequence, count } = walk
    if (producerId >= 0n && !walk.isControl) {
      // A new epoch begins anew.
      const producer = `${producerId}:${producerEpoch}`
      const known = this.#sequences.get(producer) ?? []
      const again = known.find(([first, next]) => first === baseSequence && next === baseSequence + count)
      if (again !== undefined) return { error: CODE.none, baseOffset: again[2] }
      const expected = known.at(-1)?.[1] ?? 0
      if (baseSequence !== expected) return { error: OUT_OF_ORDER_SEQUENCE, baseOffset: -1n }
      this.#sequences.set(
        producer,
        [...known, [baseSequence, baseSequence + count, this.#end] as const].slice(-REMEMBERED),
      )
    }
    const base = this.#end
    if (walk.isTransactional && !this.#open.has(producerId)) this.#open.set(producerId, base)
    // The checksum does not cover the base offset, so a broker may write it.
    bytes.writeBigInt64BE(base, AT.baseOffset)
    this.#end = base + walk.nextOffset - walk.baseOffset
    const timestamp = Number(bytes.readBigInt64BE(AT.maxTimestamp))
    this.#batches.push({ bytes, base, next: this.#end, timestamp })
    return { error: CODE.none, baseOffset: base }
  }

  /** Ends the transaction of a producer with a marker. */
  decide(producerId: bigint, producerEpoch: number, committed: boolean): void {
    const first = this.#open.get(producerId)
    if (first === undefined) return
    const writer = new BatchWriter()
    writer.append(0, Uint8Array.of(0, 0, 0, committed ? 1 : 0), Uint8Array.of(0, 0, 0, 0, 0, 0))
    const origin = { producerId, producerEpoch, baseSequence: -1, transactional: true }
    this.append(writer.finish({ origin, control: true }))
    this.#open.delete(producerId)
    if (!committed) this.#aborted.push({ producerId, firstOffset: first, lastOffset: this.#end })
  }

  /** Forgets everything before an offset, as retention does. */
  truncate(before: bigint): void {
    this.#start = before
    while (this.#batches[0] !== undefined && this.#batches[0].next <= before) this.#batches.shift()
  }

  /** Batches from an offset on. With `whole` the first one comes in full, whatever its size. */
  read(offset: bigint, maxBytes: number, committed: boolean, whole: boolean): Read {
    if (offset < this.#start || offset > this.#end)
      return { error: CODE.offsetOutOfRange, records: NOTHING, aborted: [] }
    const limit = committed ? this.stableEnd : this.#end
    const parts: Buffer[] = []
    let size = 0
    let end = offset
    for (const { bytes, base, next } of this.#batches) {
      if (next <= offset) continue
      if (base >= limit || size >= maxBytes) break
      if (size === 0 && bytes.length > maxBytes && !whole) break
      const room = size === 0 ? Math.max(bytes.length, maxBytes) : maxBytes - size
      parts.push(bytes.subarray(0, room))
      size += Math.min(bytes.length, room)
      end = next
    }
    const aborted = committed
      ? this.#aborted.filter(({ firstOffset, lastOffset }) => lastOffset > offset && firstOffset < end)
      : []
    return { error: CODE.none, records: Buffer.concat(parts), aborted }
  }

  /** The offset of the first record that is not earlier; −1: there is none. */
  offsetAt(time: number): bigint {
    const records = new RecordWalk()
    for (const { bytes, timestamp } of this.#batches) {
      if (timestamp < time) continue
      const walk = new BatchWalk(bytes, WALK)
      walk.next()
      if (walk.isControl) continue
      walk.records(records)
      while (records.next()) if (records.timestamp >= time) return walk.baseOffset + BigInt(records.offsetDelta)
    }
    return -1n
  }
}

const NOTHING = new Uint8Array(0)
