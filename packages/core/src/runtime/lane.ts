/**
 * Owns a lane: one task at work in this process, with its operators, how far it has read, and its way to the sinks. A
 * job that shares its source with other processes has a lane for each task that it has at the moment; any other has one.
 */
import type { Port } from '../operator/task-parts.ts'
import type { Task } from '../operator/task.ts'
import type { Compiled } from '../pipeline/compile.ts'
import type { Position } from '../io/meta.ts'
import type { ReadPosition } from '../io/transaction.ts'
import { BEFORE_ALL } from '../time/timestamp.ts'
import type { Egress } from './egress.ts'

/** Panes handed to sinks before the driver looks after them again. */
const DRAIN_LIMIT = 8_192

export class Lane {
  readonly id: string
  readonly compiled: Compiled
  readonly task: Task
  readonly egress: Egress
  /** Where each source was read to, in the order of the sources. */
  readonly #positions: readonly Map<string, bigint>[]
  #hasRead = false

  constructor(id: string, compiled: Compiled, egress: Egress) {
    this.id = id
    this.compiled = compiled
    this.task = compiled.task
    this.egress = egress
    this.#positions = compiled.sources.map(() => new Map())
  }

  /** Something has happened since the last commit. */
  get touched(): boolean {
    return this.#hasRead || this.egress.touched
  }

  committed(): void {
    this.#hasRead = false
  }

  port(source: number): Port {
    return (this.compiled.sources[source] as Compiled['sources'][number]).port
  }

  /** Where a split begins. */
  startAt(source: number, split: string, offset: bigint): void {
    this.#positions[source]?.set(split, offset)
  }

  read(source: number, split: string, next: bigint): void {
    this.#hasRead = true
    this.#positions[source]?.set(split, next)
  }

  positionsOf(source: number): readonly Position[] {
    return [...(this.#positions[source] ?? [])].map(([split, offset]) => ({ split, offset }))
  }

  /** With the watermark of each split: the least of what the time stages have of it. */
  readPositions(source: number): readonly ReadPosition[] {
    const { timelines } = this.port(source)
    return this.positionsOf(source).map((position) => {
      const proven = timelines.map(({ clocks }) => clocks.get(position.split)?.split.watermark ?? BEFORE_ALL)
      return { ...position, watermark: proven.length === 0 ? BEFORE_ALL : Math.min(...proven) }
    })
  }

  /** From the operators to the sinks; a window of a million keys leaves in many parts, with turns for others between. */
  deliver(turn: () => Promise<void>): Promise<void> | undefined {
    const { task, egress } = this
    const done = task.drain(DRAIN_LIMIT)
    const waiting = egress.deliver(done ? task.cursor.watermark : undefined, task.idle)
    return done ? waiting : (waiting ?? turn()).then(() => this.deliver(turn))
  }
}
