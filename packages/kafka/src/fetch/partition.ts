/**
 * Owns one partition as a split: what has been fetched and not delivered, and the position behind what was. It makes
 * core's batches of record batches in place; keys, headers and timestamps are read from the bytes when asked for.
 */
import { type Batch, type RecordInfo, StreamError } from '@tidemark/core'
import type { FetchedPartition } from '../client/cluster.ts'
import { BatchWalk, type BatchWalkOptions } from '../wire/batch-walk.ts'
import { RecordWalk } from '../wire/record-walk.ts'
import { CommittedFilter } from './committed-filter.ts'
import { type DecodeOptions, FetchedInfo, PartitionRecord, TAKEN, decodeRecord } from './decode.ts'

/** Responses kept: one in hand and one behind it. */
const MOST_CHUNKS = 2
const HEADS_ONLY: BatchWalkOptions = { maxDecompressedBytes: 0, checksums: false }
/** Key start, key end, place of the headers. */
const MARKS = 3

export interface PartitionOptions<out T> extends DecodeOptions<T> {
  readonly walk: BatchWalkOptions
  /** Only what committed transactions wrote. */
  readonly committed: boolean
}

interface Chunk {
  readonly batches: BatchWalk
  readonly fetched: FetchedPartition
  begun: boolean
}

export class Partition<out T> {
  readonly topic: string
  readonly partition: number
  readonly split: string
  leader = -1
  paused = false
  finished = false
  /** Where to fetch next: behind everything that is here. */
  fetchAt: bigint
  readonly #options: PartitionOptions<T>
  /** Records from here on are not for this run; undefined: it has no end. */
  readonly #endAt: bigint | undefined
  readonly #filter: CommittedFilter = new CommittedFilter()
  readonly #records: RecordWalk = new RecordWalk()
  readonly #view: PartitionRecord
  readonly #chunks: Chunk[] = []
  /** The record batch in hand; `#records` stands behind the record delivered last. */
  #batch: BatchWalk | undefined
  #position: bigint
  /** Offset of the first record that is not decided; −1: not known yet. */
  #stableEnd = -1n
  #toldCaughtUp = false

  constructor(
    place: { readonly topic: string; readonly partition: number },
    position: bigint,
    endAt: bigint | undefined,
    options: PartitionOptions<T>,
  ) {
    this.topic = place.topic
    this.partition = place.partition
    this.split = splitOf(place)
    this.fetchAt = position
    this.#position = position
    this.#endAt = endAt
    this.#options = options
    this.#view = new PartitionRecord(place.topic, place.partition, this.#records)
  }

  get position(): bigint {
    return this.#position
  }

  get isFull(): boolean {
    return this.#chunks.length >= MOST_CHUNKS
  }

  /** A broker has said where its log ends. */
  get isKnown(): boolean {
    return this.#stableEnd >= 0n
  }

  get isCaughtUp(): boolean {
    return this.#stableEnd >= 0n && this.#position >= this.#stableEnd && this.#chunks.length === 0
  }

  /** Everything up to the end of a bounded run is here or has been delivered. */
  get isFetched(): boolean {
    return this.#endAt !== undefined && this.fetchAt >= this.#endAt
  }

  /** Whether `take` has anything to say. */
  get hasNews(): boolean {
    return !this.finished && (this.#chunks.length > 0 || this.#ends || this.isCaughtUp !== this.#toldCaughtUp)
  }

  get #ends(): boolean {
    return this.#endAt !== undefined && this.#position >= this.#endAt
  }

  /** Goes on at another offset; what was fetched is dropped. */
  seek(offset: bigint): void {
    this.fetchAt = offset
    this.#position = offset
    this.#chunks.length = 0
    this.#batch = undefined
    this.#stableEnd = -1n
  }

  /** Takes in an answer that has no error. */
  receive(fetched: FetchedPartition): void {
    this.#stableEnd = this.#options.committed ? fetched.stableEnd : fetched.end
    const heads = new BatchWalk(fetched.records, HEADS_ONLY)
    let end = -1n
    this.#placed(() => {
      while (heads.next()) end = heads.nextOffset
    })
    // A batch that does not fit comes with another request, in which this partition stands first.
    if (end <= this.fetchAt) return
    this.fetchAt = end
    this.#chunks.push({ batches: new BatchWalk(fetched.records, this.#options.walk), fetched, begun: false })
  }

  /** The next records, at most `limit`; none where only the position or the state has moved. */
  take(limit: number): Batch<T> {
    const first = this.#position
    const out = new Taken<T>()
    this.#placed(() => {
      while (this.#advance()) {
        const { length } = out.values
        // What core asks for later must lie in one buffer.
        if (length === limit || (length > 0 && out.bytes !== this.#records.bytes)) break
        out.bytes = this.#records.bytes
        this.#drain(out, first, limit)
      }
    })
    if (this.#ends) {
      this.#position = this.#endAt as bigint
      this.finished = true
      this.#chunks.length = 0
      this.#batch = undefined
    }
    this.#toldCaughtUp = this.isCaughtUp
    const { values, bytes, deltas, times, marks } = out
    const { key } = this.#options
    const view = this.#view
    return {
      split: this.split,
      records: values,
      first,
      next: this.#position,
      caughtUp: this.#toldCaughtUp || this.finished,
      finished: this.finished,
      offsetOf: (i) => first + BigInt(deltas[i] as number),
      info: (i): RecordInfo => new FetchedInfo(bytes, marks, i * MARKS, times[i] as number, key, view),
    }
  }

  /** Makes `#records` stand before a record, past batches that do not count; false: none is here. */
  #advance(): boolean {
    for (;;) {
      if (this.#batch !== undefined) {
        if (this.#records.left > 0) return true
        // Says so if anything stands behind the last record.
        this.#records.next()
        this.#moveTo(this.#batch.nextOffset)
        this.#batch = undefined
      }
      const [chunk] = this.#chunks
      if (chunk === undefined || this.#ends) return false
      if (!chunk.begun) {
        chunk.begun = true
        this.#filter.begin(chunk.fetched.aborted)
      }
      const { batches } = chunk
      if (!batches.next()) this.#chunks.shift()
      else if (!this.#filter.admits(batches) || batches.nextOffset <= this.#position) this.#moveTo(batches.nextOffset)
      else {
        batches.records(this.#records)
        this.#batch = batches
      }
    }
  }

  #moveTo(offset: bigint): void {
    if (offset > this.#position) this.#position = offset
  }

  /** Takes records of the batch in hand until it is empty, `limit` is reached, or the run ends. */
  #drain(out: Taken<T>, first: bigint, limit: number): void {
    const { baseOffset } = this.#batch as BatchWalk
    const records = this.#records
    out.reserve(records.left, limit)
    const { values, deltas, times, marks } = out
    this.#view.baseOffset = baseOffset
    // Differences of offsets are small; the offsets themselves need 64 bits.
    const shift = Number(baseOffset - first)
    // A batch comes whole, whatever part of it was asked for.
    const from = Number(this.#position - baseOffset)
    const end = this.#endAt === undefined ? Number.POSITIVE_INFINITY : Number(this.#endAt - baseOffset)
    let next = from
    while (records.left > 0 && values.length < limit) {
      records.next()
      const delta = records.offsetDelta
      if (delta < from) continue
      next = delta + 1
      if (delta >= end) break
      const value = decodeRecord(this.#view, this.#options)
      if (value === TAKEN) continue
      const i = values.length
      values.push(value)
      deltas[i] = shift + delta
      times[i] = records.timestamp
      marks[i * MARKS] = records.keyStart
      marks[i * MARKS + 1] = records.keyEnd
      marks[i * MARKS + 2] = records.headersAt
    }
    if (next > from) this.#moveTo(baseOffset + BigInt(next))
  }

  /** Adds the place to an error about the bytes. */
  #placed(walk: () => void): void {
    try {
      walk()
    } catch (error) {
      if (!(error instanceof StreamError) || error.at.split !== undefined) throw error
      const offset = this.#position
      throw new StreamError(error.code, `Behind offset ${offset} of ${this.split}: ${error.message}`, {
        cause: error,
        at: { split: this.split, offset },
      })
    }
  }
}

const EMPTY = new Uint8Array(0)

/** What is taken in one go, column by column; the columns grow with what is there. */
class Taken<T> {
  readonly values: T[] = []
  deltas: Float64Array = new Float64Array(0)
  times: Float64Array = new Float64Array(0)
  marks: Int32Array = new Int32Array(0)
  /** Where the records lie that were taken. */
  bytes: Uint8Array = EMPTY

  /** Makes room for `more` records, at most `limit` in all. */
  reserve(more: number, limit: number): void {
    const needed = Math.min(limit, this.values.length + more)
    if (needed <= this.times.length) return
    const capacity = Math.min(limit, Math.max(needed, this.times.length * 2))
    const { deltas, times, marks } = this
    this.deltas = new Float64Array(capacity)
    this.times = new Float64Array(capacity)
    this.marks = new Int32Array(capacity * MARKS)
    this.deltas.set(deltas)
    this.times.set(times)
    this.marks.set(marks)
  }
}

/** The name of a partition as a split. */
export function splitOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`
}
