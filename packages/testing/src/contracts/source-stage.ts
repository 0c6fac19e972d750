/**
 * Owns the stage of the checks of sources: what was added to each split, and readers of which every batch is compared
 * with that as it comes.
 */
import type { Batch, Position, RecordInfo, Source, SourceReader, Task } from '@tidemark/core'
import { same } from './contract.ts'
import type { Patience } from './patience.ts'

/** A source under test and a way to fill it. The checks add whole numbers, each once. */
export interface SourceBench<T> {
  readonly source: Source<T>
  /** What it reads: one split or more, empty. Pauses are tried with two or more. */
  readonly splits: readonly string[]
  /** Adds a record for each number behind those that the split has. */
  readonly add: (split: string, numbers: readonly number[]) => void | Promise<void>
  /** The number that a record was made for. */
  readonly numberOf: (record: T) => number
  /** What the source says of the record for a number, where it says anything: only the fields named are looked at. */
  readonly infoOf?: (number: number) => RecordInfo
  /** It ends where its splits ended when it was opened: nothing is added after that. */
  readonly bounded?: boolean
  /** The records of a split come in an order of the source's own. */
  readonly unordered?: boolean
  /** Ends all splits, where a source that is not bounded has an end. */
  readonly finish?: () => void | Promise<void>
  /** Makes one more split and returns its name, where there may come more. */
  readonly addSplit?: () => string | Promise<string>
  /** Where readers after a crash go on by what `committed` said, where the source keeps that itself. */
  readonly committed?: () => ReadonlyMap<string, bigint> | Promise<ReadonlyMap<string, bigint>>
}

/** Makes a source that has nothing yet: one for each check, or on a server one with splits of its own. */
export type MakeSourceBench<T> = () => SourceBench<T> | Promise<SourceBench<T>>

export const TASK: Task = {
  id: '0',
  signal: { aborted: false, addEventListener: () => {}, removeEventListener: () => {} },
}

export class SourceStage<T> {
  readonly bench: SourceBench<T>
  readonly patience: Patience
  /** By split, in order. */
  readonly added: Map<string, number[]>
  readonly #readings: Reading<T>[] = []
  #last = 0

  constructor(bench: SourceBench<T>, patience: Patience) {
    this.bench = bench
    this.patience = patience
    this.added = new Map(bench.splits.map((split) => [split, []]))
  }

  get splits(): readonly string[] {
    return [...this.added.keys()]
  }

  /** Adds so many records to splits: to all, if none are named. */
  async fill(count: number, splits: readonly string[] = this.splits): Promise<void> {
    for (const split of splits) {
      const numbers = Array.from({ length: count }, () => ++this.#last)
      this.added.get(split)?.push(...numbers)
      await this.bench.add(split, numbers)
    }
  }

  /** A reader from positions; a split without one is read from its beginning. */
  async open(positions?: readonly Position[], from: ReadonlyMap<string, number> = new Map()): Promise<Reading<T>> {
    const opening = this.bench.source.open(TASK, positions)
    const reading = new Reading(this, await this.patience.within('opening a reader', opening), positions ?? [], from)
    this.#readings.push(reading)
    return reading
  }

  async close(): Promise<void> {
    for (const reading of this.#readings) await reading.close()
  }
}

export class Reading<T> {
  readonly reader: SourceReader<T>
  readonly finished: Set<string> = new Set()
  /** By number: where its record is, and where to go on behind it. */
  readonly offsets: Map<number, bigint> = new Map()
  readonly #stage: SourceStage<T>
  /** How many records of a split have been read, those before its beginning included. */
  readonly #at: Map<string, number>
  readonly #next: Map<string, bigint>
  readonly #batches: (readonly [batch: Batch<T>, numbers: readonly number[]])[] = []
  #closed = false

  constructor(
    stage: SourceStage<T>,
    reader: SourceReader<T>,
    positions: readonly Position[],
    from: ReadonlyMap<string, number>,
  ) {
    this.#stage = stage
    this.reader = reader
    this.#next = new Map(positions.map(({ split, offset }) => [split, offset]))
    this.#at = new Map(from)
  }

  /** How many records of a split are still to come. */
  left(split: string): number {
    return (this.#stage.added.get(split)?.length ?? 0) - (this.#at.get(split) ?? 0)
  }

  /** Where to go on with a split, if anything of it was read. */
  next(split: string): bigint | undefined {
    return this.#next.get(split)
  }

  /** Where to go on with each split, and how many records are before that. */
  get place(): { readonly positions: readonly Position[]; readonly from: ReadonlyMap<string, number> } {
    return { positions: [...this.#next].map(([split, offset]) => ({ split, offset })), from: new Map(this.#at) }
  }

  poll(limit: number): Promise<Batch<T>> {
    return Promise.resolve(this.reader.poll(limit))
  }

  /** One batch, which must be as the contract says. */
  async take(limit = 100): Promise<Batch<T>> {
    const left = this.#stage.splits.map((split) => `${this.left(split)} of '${split}'`)
    return this.look(
      await this.#stage.patience.within(`polling, with ${left.join(', ')} to come`, this.poll(limit)),
      limit,
    )
  }

  /** Everything that was added. */
  async all(limit?: number): Promise<void> {
    while (this.#stage.splits.some((split) => this.left(split) > 0)) await this.take(limit)
  }

  /** Everything that was added, and nothing after it: to the end, or to one more record of each split. */
  async end(limit?: number): Promise<void> {
    if (this.#stage.bench.bounded === true) await this.untilFinished(limit)
    else {
      await this.all(limit)
      await this.#stage.fill(1)
      await this.all(limit)
    }
    for (const [batch, numbers] of this.#batches)
      same(`a batch of '${batch.split}' after others came`, batch.records.map(this.#stage.bench.numberOf), numbers)
  }

  async untilFinished(limit?: number): Promise<void> {
    while (this.finished.size < this.#stage.splits.length) await this.take(limit)
    for (const split of this.#stage.splits) same(`records of '${split}' that did not come`, this.left(split), 0)
  }

  look(batch: Batch<T>, limit: number): Batch<T> {
    const { split, records, next, finished } = batch
    const { bench, added } = this.#stage
    const expected = added.get(split)
    if (expected === undefined)
      throw new Error(`found a batch of '${split}', expected one of ${this.#stage.splits.join(', ')}`)
    if (records.length > limit)
      throw new Error(`a batch of '${split}': found ${records.length} records, expected at most ${limit}`)
    if (this.finished.has(split)) throw new Error(`found a batch of '${split}' after it was finished, expected none`)
    const at = this.#at.get(split) ?? 0
    const numbers = records.map((record) => bench.numberOf(record))
    if (bench.unordered === true) this.#lookUnordered(split, numbers, expected)
    else same(`records of '${split}' from the ${at}th on`, numbers, expected.slice(at, at + records.length))
    this.#lookAtOffsets(batch, numbers)
    this.#lookAtInfo(batch, numbers)
    this.#at.set(split, at + records.length)
    this.#next.set(split, next)
    this.#batches.push([batch, numbers])
    if (finished === true) this.finished.add(split)
    if (finished === true && this.left(split) > 0)
      throw new Error(`'${split}' finished: found ${this.left(split)} records that did not come, expected none`)
    return batch
  }

  #lookUnordered(split: string, numbers: readonly number[], expected: readonly number[]): void {
    for (const number of numbers) {
      if (!expected.includes(number)) throw new Error(`records of '${split}': found ${number}, which was not added`)
      if (this.offsets.has(number)) throw new Error(`records of '${split}': found ${number} again, expected it once`)
    }
  }

  /** Offsets increase, and none is read twice. */
  #lookAtOffsets({ split, records, first, next, offsetOf }: Batch<T>, numbers: readonly number[]): void {
    let behind = this.#next.get(split) ?? first
    for (let i = 0; i < records.length; i++) {
      const offset = offsetOf?.(i) ?? first + BigInt(i)
      if (offset < behind) throw new Error(`offsets of '${split}': found ${offset}, expected ${behind} or more`)
      this.offsets.set(numbers[i] as number, offset)
      behind = offset + 1n
    }
    if (next < behind) throw new Error(`where to go on with '${split}': found ${next}, expected ${behind} or more`)
  }

  #lookAtInfo({ split, info }: Batch<T>, numbers: readonly number[]): void {
    const { infoOf } = this.#stage.bench
    if (infoOf === undefined) return
    for (const [i, number] of numbers.entries()) {
      const said = info?.(i) ?? {}
      for (const [field, value] of Object.entries(infoOf(number)))
        same(`'${field}' of the record for ${number} of '${split}'`, said[field as keyof RecordInfo], value)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#stage.patience.within('closing a reader', this.reader.close())
  }
}
