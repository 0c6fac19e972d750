/**
 * Owns the driver: the one place that awaits. It asks sources for batches, hands them to the task, hands what comes out
 * to the sinks, makes checkpoints, and sleeps on the clock until something is due. One batch is in hand at a time: while
 * a sink is slow nothing is polled, which is all the back-pressure there is.
 */
import { StreamError } from '../errors/stream-error.ts'
import type { CheckpointSession } from '../io/checkpoint.ts'
import type { Position } from '../io/meta.ts'
import type { Batch, Signal, SourceReader } from '../io/source.ts'
import type { Task } from '../operator/task.ts'
import type { Port } from '../operator/task-parts.ts'
import type { Compiled } from '../pipeline/compile.ts'
import type { Clock } from '../time/clock.ts'
import { systemClock } from '../time/system-clock.ts'
import { BEFORE_ALL } from '../time/timestamp.ts'
import type { Layout } from '../pipeline/layout.ts'
import { checkpoint, readCheckpoint } from './commit.ts'
import { Egress } from './egress.ts'
import { Turn } from './turn.ts'
import type { StartOptions } from '../pipeline/job.ts'

/** Panes handed to sinks before the driver looks after them again. */
const DRAIN_LIMIT = 8_192
/** A checkpoint comes early when its outbox holds this many items. */
const OUTBOX_LIMIT = 100_000

/** A source in use. */
interface Input {
  readonly port: Port
  readonly reader: SourceReader<unknown>
  readonly splits: Set<string>
  readonly finished: Set<string>
  readonly positions: Map<string, bigint>
  /** A poll is outstanding. */
  pending: boolean
}

export interface DriverEvents {
  /** A batch went through. */
  readonly batch: () => void
  /** The watermark moved without one. */
  readonly moved: () => void
  readonly checkpoint: (id: number, durationMs: number) => void
  readonly dropped: (endpoint: string, count: number, error: unknown) => void
}

export type Ending = 'completed' | 'stopped'

export class Driver {
  readonly egress: Egress
  readonly #name: string
  readonly #compiled: Compiled
  readonly #task: Task
  readonly #clock: Clock
  readonly #options: StartOptions
  readonly #signal: Signal
  readonly #layout: Layout
  readonly #events: DriverEvents
  readonly #turn: Turn
  readonly #inputs: Input[] = []
  /** Batches that came by promise, and errors of polls. */
  readonly #ready: (readonly [Input, Batch<unknown>])[] = []
  #session: CheckpointSession | undefined
  #checkpointId = 0
  #checkpointAt = Number.POSITIVE_INFINITY
  #failure: unknown = undefined
  #stopping = false
  #wake: (() => void) | undefined

  constructor(
    name: string,
    compiled: Compiled,
    layout: Layout,
    options: StartOptions,
    signal: Signal,
    events: DriverEvents,
    turn: Turn = new Turn(),
  ) {
    this.#name = name
    this.#compiled = compiled
    this.#task = compiled.task
    this.#clock = options.clock ?? systemClock
    this.#options = options
    this.#signal = signal
    this.#layout = layout
    this.#events = events
    this.#turn = turn
    this.egress = new Egress(compiled.task.endpoints, options.checkpoint !== undefined, events.dropped)
  }

  now(): number {
    return this.#clock.now()
  }

  /** Finishes what is in hand and ends. */
  stop(): void {
    this.#stopping = true
    this.#interrupt()
  }

  async open(): Promise<void> {
    const { checkpoint: store } = this.#options
    this.#task.follow(this.#clock)
    this.#tick()
    this.#session = await store?.open(this.#name)
    const stored = await this.#session?.load()
    const saved = stored === undefined ? undefined : readCheckpoint(stored, this.#layout, this.#name)
    if (saved !== undefined) {
      this.#task.load(saved.task)
      this.#checkpointId = saved.id
      // Processing time does not go back, not even over a restart.
      this.#task.cursor.now = Math.max(this.#task.cursor.now, saved.now)
    }
    const info = { id: '0', signal: this.#signal }
    await this.egress.open(info)
    // What the last run made durable but may not have written: the same panes again, under the same versions.
    if (saved !== undefined) await this.egress.release(saved.outbox, saved.task.watermark)
    for (const { port, source } of this.#compiled.sources) {
      const positions = saved?.positions.filter(([name]) => name === port.name).map(([, position]) => position)
      const reader = await source.open(info, positions)
      const input: Input = {
        port,
        reader,
        splits: new Set(),
        finished: new Set(),
        pending: false,
        positions: new Map(positions?.map(({ split, offset }) => [split, offset])),
      }
      this.#inputs.push(input)
      for (const split of reader.splits) this.#join(input, split)
    }
    if (store !== undefined) this.#checkpointAt = this.#clock.now() + store.everyMs
  }

  /** Runs until the input ends or a stop is asked for. */
  async run(): Promise<Ending> {
    this.#turn.begin()
    while (!this.#stopping) {
      if (this.#failure !== undefined) throw this.#failure
      const before = this.#task.cursor.watermark
      this.#tick()
      if (this.#task.cursor.watermark > before) this.#events.moved()
      await this.#deliver()
      const worked = await this.#poll()
      if (this.#task.ended && this.#ready.length === 0) break
      if (this.#clock.now() >= this.#checkpointAt || this.egress.outboxSize >= OUTBOX_LIMIT) await this.#commit()
      if (!worked) await this.#sleep()
      else {
        const turn = this.#turn.afterBatch()
        if (turn !== undefined) await turn
      }
    }
    await this.#deliver()
    if (this.#session === undefined) await this.egress.flush()
    else await this.#commit()
    await this.#committed()
    return this.#stopping ? 'stopped' : 'completed'
  }

  async close(error?: unknown): Promise<void> {
    for (const { reader } of this.#inputs) await reader.close().catch(() => {})
    await this.egress.close(error)
    await this.#session?.close()
  }

  /** Takes what the sources have; false: nothing was there. */
  async #poll(): Promise<boolean> {
    let worked = false
    for (const [input, batch] of this.#ready.splice(0)) {
      worked = true
      await this.#take(input, batch)
    }
    for (const input of this.#inputs) {
      if (this.#stopping || input.pending || (input.splits.size > 0 && this.#resting(input))) continue
      let polled: Batch<unknown> | Promise<Batch<unknown>>
      try {
        polled = input.reader.poll(this.#options.batchSize ?? 1_024)
      } catch (cause) {
        throw sourceFailed(input, cause)
      }
      if (polled instanceof Promise) {
        this.#await(input, polled)
      } else {
        worked = true
        await this.#take(input, polled)
      }
    }
    return worked
  }

  /** Nothing to ask for: every split is finished, or held back so that it does not run ahead. */
  #resting(input: Input): boolean {
    if (input.finished.size === input.splits.size) return true
    for (const split of input.splits) {
      if (input.finished.has(split)) continue
      const clocks = input.port.timelines.map((timeline) => timeline.clocks.get(split))
      if (clocks.length === 0 || clocks.some((clock) => clock?.paused !== true)) return false
    }
    return true
  }

  #await(input: Input, polled: Promise<Batch<unknown>>): void {
    input.pending = true
    // What only waits now has nothing more at this moment.
    this.#caughtUp(input)
    polled.then(
      (batch) => {
        input.pending = false
        this.#ready.push([input, batch])
        this.#interrupt()
      },
      (cause: unknown) => {
        this.#failure = sourceFailed(input, cause)
        this.#interrupt()
      },
    )
  }

  /** Silence counts only while a source is waited for: what a slow sink kept us from asking for is no silence. */
  #tick(): void {
    const now = this.#clock.now()
    for (const input of this.#inputs) {
      if (input.pending) continue
      for (const timeline of input.port.timelines) {
        for (const split of input.splits) {
          const clock = timeline.clocks.get(split)
          if (clock === undefined || clock.split.state !== 'active') continue
          clock.caughtUp = input.reader.caughtUp?.(split) ?? false
        }
      }
    }
    this.#task.tick(now)
    this.#task.align()
  }

  #caughtUp(input: Input): void {
    for (const timeline of input.port.timelines) {
      for (const split of input.splits) {
        const clock = timeline.clocks.get(split)
        if (clock !== undefined && !clock.paused) clock.caughtUp = input.reader.caughtUp?.(split) ?? true
      }
    }
    this.#task.align()
  }

  async #take(input: Input, batch: Batch<unknown>): Promise<void> {
    this.#join(input, batch.split)
    if (batch.finished === true) input.finished.add(batch.split)
    this.#tick()
    this.#task.run(input.port, batch)
    input.positions.set(batch.split, batch.next)
    this.#task.align()
    this.#events.batch()
    const delivered = this.#deliver()
    if (delivered !== undefined) await delivered
  }

  #join(input: Input, split: string): void {
    if (input.splits.has(split)) return
    input.splits.add(split)
    this.#task.join(input.port, split, input.reader)
  }

  /** From the operators to the sinks; a window of a million keys leaves in many parts, with turns for others between. */
  #deliver(): Promise<void> | undefined {
    const done = this.#task.drain(DRAIN_LIMIT)
    const waiting = this.egress.deliver(done ? this.#task.cursor.watermark : BEFORE_ALL)
    return done ? waiting : (waiting ?? this.#turn.yield()).then(() => this.#deliver())
  }

  /** One interval: everything together durable, then its panes to the sinks, then the positions to the sources. */
  async #commit(): Promise<void> {
    const session = this.#session
    const store = this.#options.checkpoint
    if (session === undefined || store === undefined) return
    const begun = this.#clock.now()
    const outbox = this.egress.takeOutbox()
    const id = ++this.#checkpointId
    const positions = this.#inputs.flatMap(({ port, positions: at }) =>
      [...at].map(([split, offset]) => [port.name, { split, offset }] as const),
    )
    // No record is taken before all is durable, so the host may have turns in between: the state stands still.
    const { pause } = this.#turn
    await pause()
    const later: Iterable<void>[] = []
    const task = this.#task.save((work) => later.push(work))
    await pause()
    for (const work of later) for (const _ of work) await pause()
    await session.save(checkpoint({ id, layout: this.#layout, positions, task, outbox, now: begun }), pause)
    await this.egress.release(outbox, this.#task.cursor.watermark)
    await this.#committed()
    this.#checkpointAt = this.#clock.now() + store.everyMs
    this.#events.checkpoint(id, this.#clock.now() - begun)
  }

  async #committed(): Promise<void> {
    for (const { reader, positions } of this.#inputs) {
      await reader.committed([...positions].map(([split, offset]): Position => ({ split, offset })))
    }
  }

  /** Waits for a batch, a time that is due, or a stop. */
  async #sleep(): Promise<void> {
    if (this.#ready.length > 0 || this.#stopping || this.#failure !== undefined) return
    const at = Math.min(this.#task.nextWakeUp(), this.#checkpointAt)
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    const now = this.#clock.now()
    if (at <= now) {
      await this.#turn.yield()
      return
    }
    const interrupt = (): void => this.#interrupt()
    const cancel =
      at === Number.POSITIVE_INFINITY
        ? undefined
        : this.#clock.wakeAt === undefined
          ? systemClock.wakeAt?.(systemClock.now() + (at - now), interrupt)
          : this.#clock.wakeAt(at, interrupt)
    await woken
    cancel?.()
    this.#turn.begin()
  }

  #interrupt(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

function sourceFailed({ port }: Input, cause: unknown): StreamError {
  if (cause instanceof StreamError) return cause
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
  return new StreamError('SOURCE_FAILED', `The source '${port.name}' failed at poll with ${text}.`, {
    cause,
    at: { operator: port.name },
  })
}
