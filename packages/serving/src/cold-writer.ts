/**
 * Owns how the cold store follows the log: the newest of each window that is not early, withdrawals and corrections;
 * once they are durable, the record of the partition, by compare-and-set. What concerns windows that cold has said to
 * hold, or is about to serve, does not wait for the period.
 */
import type { Cell, Clock, ColdSession, LogSession, Signal } from '@tidemark/core'
import { ColdBuffer } from './cold-buffer.ts'
import type { ColdWrites } from './cold-writes.ts'
import { Frontier, NO_FRONTIER, type Promises } from './frontier.ts'
import { readStep, tooShort } from './log-steps.ts'
import { type PartitionRecord, REGISTERS, decodeRegister, encodeRegister, goneTo, sameBytes } from './registers.ts'
import type { Rules } from './rules.ts'
import { Turn, sleep, watched } from './wait.ts'

export interface ColdWriterOptions {
  readonly log: LogSession
  readonly cold: ColdSession
  readonly rules: Rules
  readonly promises: Promises
  readonly writes: ColdWrites
  readonly overlapMs: number
  /** How long cold keeps results; undefined: for ever. */
  readonly keepForMs: number | undefined
  readonly boundary: () => number
  readonly clock: Clock
  readonly batchSize: number
  /** With more than this many results waiting, all of them are written. */
  readonly maxWaiting: number
  /** How often updates of windows in cold are written, and the log is asked for more, ms. */
  readonly urgentMs: number
  readonly signal: Signal
  /** Somebody else publishes for this partition too. */
  readonly onContended: (partition: string) => void
  readonly onFull: () => void
  /** The store has not answered for so long, ms. */
  readonly onSilent: (what: string, forMs: number) => void
}

interface Partition {
  readonly name: string
  at: bigint
  readonly frontier: Frontier
  readonly buffer: ColdBuffer
  published: Uint8Array | undefined
  record: PartitionRecord | undefined
  /** C as it will be published when what is on its way is durable. */
  complete: number
}

export class ColdWriter {
  readonly #options: ColdWriterOptions
  readonly #partitions: Partition[] = []
  /** What is on its way to the store, and what is told of it afterwards: at most one of each, with the one before. */
  #put: Promise<void> = Promise.resolve()
  #published: Promise<void> = Promise.resolve()
  written = 0

  constructor(options: ColdWriterOptions) {
    this.#options = options
  }

  get waiting(): number {
    return this.#partitions.reduce((sum, { buffer }) => sum + buffer.size, 0)
  }

  async open(): Promise<void> {
    const { log, cold } = this.#options
    for (const name of log.partitions) {
      const { first } = await log.bounds(name)
      const published = await cold.register(REGISTERS.partition(name))
      const record = published === undefined ? undefined : decodeRegister<PartitionRecord>(name, published)
      if (record !== undefined && record.resume < first) throw tooShort('cold', name, record.resume, first)
      const buffer = new ColdBuffer()
      buffer.lastEnd = record?.lastEnd ?? Number.NEGATIVE_INFINITY
      const frontier = new Frontier(record?.frontier ?? NO_FRONTIER)
      const complete = record?.complete ?? Number.NEGATIVE_INFINITY
      this.#partitions.push({ name, at: record?.resume ?? first, frontier, buffer, published, record, complete })
    }
  }

  async follow(): Promise<void> {
    const { clock, writes, urgentMs, signal, maxWaiting } = this.#options
    const turn = new Turn(clock)
    let [due, urgentDue] = [clock.now() + writes.periodMs, clock.now() + urgentMs]
    // A process that is restarted more often than the period must write, too: once when it knows how far the log is.
    let begins = true
    while (!signal.aborted) {
      let caughtUp = true
      for (const partition of this.#partitions) caughtUp = (await this.#take(partition)) && caughtUp
      const now = clock.now()
      const full = this.waiting > maxWaiting
      if (full) this.#options.onFull()
      const known =
        begins && caughtUp && this.#partitions.every(({ frontier }) => frontier.now > Number.NEGATIVE_INFINITY)
      if (known) begins = false
      if (now >= due || full || known) {
        await this.#flush(full ? 'all' : 'settled')
        due = now + writes.periodMs
        urgentDue = now + urgentMs
      } else if (now >= urgentDue) {
        await this.#flush('urgent')
        urgentDue = now + urgentMs
      }
      if (caughtUp) await sleep(clock, Math.max(1, Math.min(due, urgentDue) - clock.now()), signal)
      else await turn.pause()
    }
    await this.#published
  }

  /** Reads on; true when there is nothing more at this moment. */
  async #take(partition: Partition): Promise<boolean> {
    const { log, batchSize } = this.#options
    const step = await readStep(log, partition.name, partition.at, batchSize, 0)
    for (const entry of step.entries)
      if (entry.kind === 'progress') partition.frontier.report(entry)
      else partition.buffer.add(entry)
    partition.at = step.next
    return step.caughtUp || step.entries.length === 0
  }

  /**
   * Begins to write what is due, when what was written before is durable: the log is read on meanwhile. What is durable
   * is told while the next is written, in order.
   */
  async #flush(what: 'settled' | 'urgent' | 'all'): Promise<void> {
    await this.#put
    const { rules } = this.#options
    const plans = this.#partitions.map((partition) => this.#plan(partition, what))
    if (!rules.publishAfterPut) for (const plan of plans) await this.#publish(plan)
    const before = this.#published
    this.#put = this.#write(plans)
    this.#published = this.#put.then(() => before).then(() => this.#tell(plans))
    // Whoever waits for it is told.
    this.#published.catch(() => {})
    await before
  }

  async #write(plans: readonly Plan[]): Promise<void> {
    const cells = plans.flatMap((plan) => plan.cells)
    const watermark = Math.max(...plans.map(({ record }) => record.frontier.watermark))
    const { cold, clock, onSilent } = this.#options
    const silent = (forMs: number): void => onSilent(`Writing ${cells.length} results to cold`, forMs)
    if (cells.length > 0) await watched(cold.put(cells, { watermark }), clock, silent)
    this.written += cells.length
  }

  async #tell(plans: readonly Plan[]): Promise<void> {
    if (this.#options.signal.aborted) return
    for (const plan of plans) await this.#publish(plan)
  }

  #plan(partition: Partition, what: 'settled' | 'urgent' | 'all'): Plan {
    const { promises, writes, overlapMs, boundary, clock, keepForMs } = this.#options
    const now = clock.now()
    const { name, at, frontier, buffer, record } = partition
    const said = Math.max(partition.complete, record?.complete ?? Number.NEGATIVE_INFINITY)
    const settled = frontier.watermark - promises.completeDelayMs - writes.settleMs
    const complete = what === 'urgent' && !frontier.ended ? said : Math.max(said, settled)
    const upTo =
      what === 'all' || frontier.ended ? Number.POSITIVE_INFINITY : Math.max(complete, boundary() + overlapMs)
    partition.complete = complete
    const cells = buffer.take(upTo)
    const { watermark, ended, tasks } = frontier
    const resume = buffer.oldest() ?? at
    // All else follows from the position.
    const isNew = record?.covered !== at || record.resume !== resume || record.complete !== complete
    return {
      partition,
      cells,
      // As it is now: the log is read on while the cells are written.
      record: {
        partition: name,
        resume,
        covered: at,
        complete,
        lastEnd: buffer.lastEnd,
        frontier: { watermark, ended, tasks: new Map(tasks) },
        at: isNew ? now : record.at,
        goneTo: isNew ? goneTo(record, keepForMs, now) : record.goneTo,
      },
    }
  }

  /** Only what says at least as much as what is published may take its place. */
  async #publish({ partition, record }: Plan): Promise<void> {
    const { cold, onContended } = this.#options
    const { name } = partition
    const bytes = encodeRegister(record)
    while (!sameBytes(bytes, partition.published)) {
      const { record: said } = partition
      if (said !== undefined && (said.covered > record.covered || said.complete > record.complete)) return
      if (await cold.compareAndSet(REGISTERS.partition(name), partition.published, bytes)) {
        partition.published = bytes
        partition.record = record
        return
      }
      const theirs = await cold.register(REGISTERS.partition(name))
      onContended(name)
      partition.published = theirs
      partition.record = theirs === undefined ? undefined : decodeRegister<PartitionRecord>(name, theirs)
    }
  }
}

/** What is written at once of a partition, and what can be said of it when that is durable. */
interface Plan {
  readonly partition: Partition
  readonly cells: readonly Cell[]
  readonly record: PartitionRecord
}
