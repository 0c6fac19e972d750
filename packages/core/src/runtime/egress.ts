/**
 * Owns the way from endpoints to sinks: primary and required ones in order and awaited, best-effort ones on a bounded
 * queue of their own that never holds anything up. Where the job is durable, what the first two are to get waits in the
 * outbox until the interval is; transactional sinks get it at once, into the transaction that makes it so.
 */
import { StreamError, reasonOf } from '../errors/stream-error.ts'
import { type SinkWriter, isTransactional } from '../io/sink.ts'
import type { Task as TaskInfo } from '../io/source.ts'
import type { Endpoint } from '../operator/endpoint.ts'
import type { Cancel } from '../time/clock.ts'
import { systemClock } from '../time/system-clock.ts'
import { BEFORE_ALL } from '../time/timestamp.ts'
import type { ResultStream } from './result-stream.ts'
import { dividable } from '../io/pieces.ts'

/** Items per endpoint, in order. */
export type Outbox = ReadonlyMap<string, readonly unknown[]>

/** A best-effort sink that is further behind than this loses items, counted. */
const MOST_WAITING = 10_000

/** How long the end of a job waits for them. */
const PATIENCE_MS = 2_000

type Writer = SinkWriter<unknown>

/** How far what was written is safe: as it is, with a checkpoint, or with a transaction. */
export type Durability = 'none' | 'checkpoint' | 'transaction'

export class Egress {
  readonly #endpoints: readonly Endpoint[]
  readonly #durability: Durability
  /** Endpoints whose items wait for the commit. */
  readonly #held: ReadonlySet<Endpoint>
  readonly #writers: Map<Endpoint, Writer> = new Map()
  readonly #loose: Map<Endpoint, LooseWriter> = new Map()
  readonly #outbox: Map<string, unknown[]> = new Map()
  readonly #onDropped: (endpoint: string, count: number, error: unknown) => void
  readonly #streams: ReadonlySet<ResultStream>
  /** Results that are in the open transaction and that nobody may see before it is decided. */
  #unseen: unknown[] = []
  #outboxSize = 0
  #progress: number = BEFORE_ALL
  #idle = false
  /** Something went to a sink, or waits for one, since the last commit. */
  touched = false

  constructor(
    endpoints: readonly Endpoint[],
    durability: Durability,
    streams: ReadonlySet<ResultStream>,
    onDropped: (endpoint: string, count: number, error: unknown) => void,
  ) {
    this.#endpoints = endpoints
    this.#durability = durability
    this.#streams = streams
    this.#held = new Set(
      endpoints.filter((endpoint) => durability !== 'none' && endpoint.role !== 'bestEffort' && !this.#joins(endpoint)),
    )
    this.#onDropped = onDropped
  }

  get outboxSize(): number {
    return this.#outboxSize + this.#unseen.length
  }

  async open(task: TaskInfo): Promise<void> {
    for (const endpoint of this.#endpoints) {
      try {
        const durable = this.#durability !== 'none' && endpoint.role !== 'bestEffort'
        const writer = await (endpoint.sink as { open: (task: TaskInfo) => Promise<Writer> }).open({ ...task, durable })
        if (endpoint.role === 'bestEffort')
          this.#loose.set(
            endpoint,
            new LooseWriter(writer, (count, error) => this.#onDropped(endpoint.name, count, error)),
          )
        else this.#writers.set(endpoint, writer)
      } catch (cause) {
        if (endpoint.role !== 'bestEffort') throw sinkFailed(endpoint, 'open', cause)
        this.#onDropped(endpoint.name, 0, cause)
      }
    }
  }

  /**
   * Hands on what waits at the endpoints, then the watermark, unless more is to come before it; a promise only where a
   * sink gave one.
   */
  deliver(watermark: number | undefined, idle: boolean): Promise<void> | undefined {
    const steps: (() => Promise<void> | void)[] = []
    for (const endpoint of this.#endpoints) {
      if (endpoint.size === 0) continue
      this.touched = true
      const items = endpoint.take()
      if (endpoint.role === 'bestEffort') {
        this.#loose.get(endpoint)?.write(items)
        steps.push(() => this.#show(endpoint, items))
      } else if (this.#held.has(endpoint)) this.#hold(endpoint, items)
      else steps.push(() => this.#write(endpoint, items))
    }
    if (watermark === undefined) return inOrder(steps, 0)
    const moved = watermark > this.#progress
    if (moved) {
      this.#progress = watermark
      for (const [endpoint, writer] of this.#loose) writer.progress(watermark - endpoint.delayMs, idle)
    }
    if (moved || idle !== this.#idle) {
      this.touched = true
      this.#idle = idle
      for (const [endpoint, writer] of this.#writers) {
        // That a task has nothing at all yet is news only where others wait for it.
        const isNews = watermark > BEFORE_ALL || this.#joins(endpoint)
        if (isNews && !this.#held.has(endpoint)) steps.push(() => this.#progressed(endpoint, writer, watermark))
      }
    }
    return inOrder(steps, 0)
  }

  /** What waits for the commit, as it is to be stored; the outbox is empty then. */
  takeOutbox(): Outbox {
    const taken = dividable(new Map(this.#outbox))
    this.#outbox.clear()
    this.#outboxSize = 0
    return taken
  }

  /** Writes what a commit has made durable, and makes it safe at the sinks. */
  async release(outbox: Outbox, watermark: number): Promise<void> {
    this.touched = false
    const unseen = this.#unseen
    this.#unseen = []
    if (unseen.length > 0) await this.#offer(unseen)
    for (const [endpoint, writer] of this.#writers) {
      if (!this.#held.has(endpoint)) continue
      const items = outbox.get(endpoint.name) ?? []
      if (items.length > 0) await this.#write(endpoint, items)
      if (watermark > BEFORE_ALL) await this.#progressed(endpoint, writer, watermark)
      await this.#flush(endpoint, writer)
    }
  }

  /** Makes safe what sinks were given at once; in a transaction, as part of it. */
  async flush(): Promise<void> {
    for (const [endpoint, writer] of this.#writers) if (!this.#held.has(endpoint)) await this.#flush(endpoint, writer)
  }

  async close(): Promise<void> {
    for (const [endpoint, writer] of this.#writers) {
      try {
        await writer.close()
      } catch (cause) {
        // Everything was flushed, or the job has failed already: a sink that cannot close changes nothing.
        this.#onDropped(endpoint.name, 0, cause)
      }
    }
    // Best effort means that a sink that hangs does not keep the job from ending.
    if (this.#loose.size === 0) return
    const closing = Promise.all([...this.#loose.values()].map((writer) => writer.close()))
    let cancel: Cancel | undefined
    const patience = new Promise<void>((resolve) => {
      cancel = systemClock.wakeAt?.(systemClock.now() + PATIENCE_MS, resolve)
    })
    await Promise.race([closing, patience])
    // A timer left behind would keep the process alive.
    cancel?.()
  }

  #hold(endpoint: Endpoint, items: readonly unknown[]): void {
    const kept = this.#outbox.get(endpoint.name)
    if (kept === undefined) this.#outbox.set(endpoint.name, [...items])
    else for (const item of items) kept.push(item)
    this.#outboxSize += items.length
  }

  async #flush(endpoint: Endpoint, writer: Writer): Promise<void> {
    try {
      await writer.flush()
    } catch (cause) {
      throw sinkFailed(endpoint, 'flush', cause)
    }
  }

  #write(endpoint: Endpoint, items: readonly unknown[]): Promise<void> | undefined {
    const waits: Promise<void>[] = []
    try {
      const written = this.#writers.get(endpoint)?.write(items)
      if (written !== undefined)
        waits.push(
          written.catch((cause: unknown) => {
            throw sinkFailed(endpoint, 'write', cause)
          }),
        )
    } catch (cause) {
      throw sinkFailed(endpoint, 'write', cause)
    }
    const room = this.#show(endpoint, items)
    if (room !== undefined) waits.push(room)
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => {})
  }

  /** Hands results to whoever reads them; waits while one of them has no room. */
  #show(endpoint: Endpoint, items: readonly unknown[]): Promise<void> | undefined {
    if (!endpoint.isResult || this.#streams.size === 0) return undefined
    if (!this.#joins(endpoint)) return this.#offer(items)
    for (const item of items) this.#unseen.push(item)
    return undefined
  }

  /** Whether it writes into the transaction of the job. */
  #joins({ role, sink }: Endpoint): boolean {
    return this.#durability === 'transaction' && role !== 'bestEffort' && isTransactional(sink)
  }

  #offer(items: readonly unknown[]): Promise<void> | undefined {
    const rooms = [...this.#streams].map((stream) => stream.push(items)).filter((room) => room !== undefined)
    return rooms.length === 0 ? undefined : Promise.all(rooms).then(() => {})
  }

  #progressed(endpoint: Endpoint, writer: Writer, watermark: number): Promise<void> | undefined {
    try {
      return writer.progress(watermark - endpoint.delayMs, this.#idle)?.catch((cause: unknown) => {
        throw sinkFailed(endpoint, 'progress', cause)
      })
    } catch (cause) {
      throw sinkFailed(endpoint, 'progress', cause)
    }
  }
}

/** Runs steps one after the other without a turn of the event loop where none is needed. */
function inOrder(steps: readonly (() => Promise<void> | void)[], from: number): Promise<void> | undefined {
  for (let i = from; i < steps.length; i++) {
    const waiting = (steps[i] as () => Promise<void> | void)()
    if (waiting !== undefined) return waiting.then(() => inOrder(steps, i + 1))
  }
  return undefined
}

/** A sink that may lose items: written one batch after the other, in the background. */
class LooseWriter {
  readonly #writer: Writer
  readonly #onDropped: (count: number, error: unknown) => void
  #waiting = 0
  #progress: readonly [watermark: number, idle: boolean] | undefined
  #tail: Promise<void> = Promise.resolve()

  constructor(writer: Writer, onDropped: (count: number, error: unknown) => void) {
    this.#writer = writer
    this.#onDropped = onDropped
  }

  write(items: readonly unknown[]): void {
    if (this.#waiting > 0 && this.#waiting + items.length > MOST_WAITING) {
      this.#onDropped(
        items.length,
        new StreamError(
          'SINK_BEHIND',
          `A best-effort sink: found ${this.#waiting} items waiting, expected at most ${MOST_WAITING}. Make it faster, or give it the role 'required'.`,
        ),
      )
      return
    }
    this.#waiting += items.length
    this.#then(items.length, () => this.#writer.write(items))
  }

  progress(watermark: number, idle: boolean): void {
    // Only the newest counts, so a sink that hangs does not pile them up.
    if (this.#progress === undefined) {
      this.#then(0, () => {
        const [newest, isIdle] = this.#progress as readonly [number, boolean]
        this.#progress = undefined
        return this.#writer.progress(newest, isIdle)
      })
    }
    this.#progress = [watermark, idle]
  }

  async close(): Promise<void> {
    this.#then(0, () => this.#writer.flush())
    this.#then(0, () => this.#writer.close())
    await this.#tail
  }

  #then(count: number, step: () => void | Promise<void>): void {
    this.#tail = this.#tail
      .then(step)
      .catch((error: unknown) => this.#onDropped(count, error))
      .then(() => {
        this.#waiting -= count
      })
  }
}

function sinkFailed(endpoint: Endpoint, what: string, cause: unknown): StreamError {
  if (cause instanceof StreamError) return cause
  const text = reasonOf(cause)
  return new StreamError(
    'SINK_FAILED',
    `The ${endpoint.role} sink '${endpoint.name}' failed at ${what} with ${text}. The job stops; a restart goes on from what was safe.`,
    { cause, at: { operator: endpoint.name } },
  )
}
