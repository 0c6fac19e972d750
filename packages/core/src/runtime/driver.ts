/**
 * Owns the driver: the one place that awaits. It asks sources for batches, hands them to the lane they are for, hands
 * what comes out to the sinks, commits, and sleeps on the clock until something is due. One batch is in hand at a time:
 * while a sink is slow nothing is polled, which is all the back-pressure there is.
 */
import type { StreamError } from '../errors/stream-error.ts'
import type { Batch, SharedReader, Signal } from '../io/source.ts'
import type { TaskSplit } from '../io/transaction.ts'
import type { Compiled } from '../pipeline/compile.ts'
import type { StartOptions } from '../pipeline/job.ts'
import type { Clock } from '../time/clock.ts'
import { systemClock, wakeAt } from '../time/system-clock.ts'
import { type Saved, type Durable, openDurable, readCheckpoint } from './commit.ts'
import { Egress, type Outbox } from './egress.ts'
import { notOwner, positionMoved, sourceFailed } from './failures.ts'
import { Input } from './inputs.ts'
import { Lane } from './lane.ts'
import { type Began, Movements } from './movements.ts'
import type { ResultStream } from './result-stream.ts'
import { saveLane } from './save-lane.ts'
import { Turn } from './turn.ts'
import type { DriverEvents, Ending, Work } from './work.ts'

/** A commit comes early when outboxes hold this many items. */
const OUTBOX_LIMIT = 100_000
/** Intervals that are aborted one after the other before the job gives up. */
const MOST_ABORTS = 10

export class Driver {
  /** By task. */
  readonly lanes: Map<string, Lane> = new Map()
  /** Who reads results. */
  readonly streams: Set<ResultStream> = new Set()
  readonly #work: Work
  readonly #clock: Clock
  readonly #options: StartOptions
  readonly #signal: Signal
  readonly #events: DriverEvents
  readonly #turn: Turn
  #inputs: Input[] = []
  /** The reader whose tasks come and go, if the job has one. */
  #shared: SharedReader<unknown> | undefined
  readonly #movements: Movements = new Movements(() => this.#interrupt())
  /** Batches that came by promise. */
  #ready: (readonly [Input, Batch<unknown>])[] = []
  #durable: Durable | undefined
  #commitId = 0
  #commitAt = Number.POSITIVE_INFINITY
  /** When the commit under way began. */
  committingSince: number | undefined
  /** Intervals aborted since the last one that was committed. */
  #aborts = 0
  #failure: unknown = undefined
  #stopping = false
  #wake: (() => void) | undefined
  readonly #yield = (): Promise<void> => this.#turn.yield()

  constructor(work: Work, options: StartOptions, signal: Signal, events: DriverEvents, turn: Turn = new Turn()) {
    this.#work = work
    this.#clock = options.clock ?? systemClock
    this.#options = options
    this.#signal = signal
    this.#events = events
    this.#turn = turn
  }

  now(): number {
    return this.#clock.now()
  }

  /** Finishes what is in hand and ends. */
  stop(): void {
    this.#stopping = true
    this.#interrupt()
  }

  /** `first`: the operators, which the first lane takes. */
  async open(first: Compiled): Promise<void> {
    this.#durable = await openDurable(this.#work.name, first, this.#options)
    if (this.#durable !== undefined) this.#commitAt = this.#clock.now() + this.#durable.everyMs
    // One that is shared is the only one, which `checkStart` has seen to.
    const [{ port, source }] = first.sources as [Compiled['sources'][number]]
    if (this.#durable?.kind !== 'transaction' || source.openShared === undefined) return this.#openAll(first)
    const info = { id: this.#work.name, signal: this.#signal }
    this.#shared = await source.openShared(info, this.#movements.events)
    this.#inputs.push(new Input(0, port.name, this.#shared))
  }

  /** Runs until the input ends or a stop is asked for. */
  async run(): Promise<Ending> {
    this.#turn.begin()
    do {
      await this.#process()
      await this.#deliverAll()
      if (this.#durable === undefined) for (const { egress } of this.lanes.values()) await egress.flush()
      // Work whose last interval was aborted is done again; whoever is to stop leaves it to the next start.
    } while (!(await this.#commit()) && !this.#stopping)
    await this.#committed()
    return this.#stopping ? 'stopped' : 'completed'
  }

  /** Until there is nothing more to do. */
  async #process(): Promise<void> {
    while (!this.#stopping) {
      if (this.#failure !== undefined) throw this.#failure
      if (this.#movements.waiting) await this.#move()
      this.#advance()
      await this.#deliverAll()
      const worked = await this.#poll()
      if (this.#shared === undefined && this.#ended && this.#ready.length === 0) return
      if (this.#clock.now() >= this.#commitAt || this.#outboxSize >= OUTBOX_LIMIT) await this.#commit()
      if (!worked) await this.#sleep()
      else {
        const turn = this.#turn.afterBatch()
        if (turn !== undefined) await turn
      }
    }
  }

  async close(error?: unknown): Promise<void> {
    for (const { reader } of this.#inputs) await reader.close().catch(() => {})
    this.#movements.close()
    for (const stream of this.streams) stream.end(error)
    for (const { egress } of this.lanes.values()) await egress.close()
    await this.#durable?.session.close()
  }

  /** One lane with all sources, from where it was. */
  async #openAll(compiled: Compiled): Promise<void> {
    const [lane, saved] = await this.#begin('0', compiled, 1)
    for (const [i, { port, source }] of compiled.sources.entries()) {
      const positions = saved?.positions.filter(([name]) => name === port.name).map(([, position]) => position)
      const reader = await source.open({ id: lane.id, signal: this.#signal }, positions)
      for (const { split, offset } of positions ?? []) lane.startAt(i, split, offset)
      const input = new Input(i, port.name, reader)
      this.#inputs.push(input)
      for (const split of reader.splits) input.join(split, lane)
    }
  }

  /** A lane with its sinks, and what was saved of it. */
  async #begin(
    id: string,
    compiled: Compiled,
    tasks: number,
    splits: readonly TaskSplit[] = [],
  ): Promise<readonly [Lane, Saved | undefined]> {
    const { task } = compiled
    const { kind = 'none', session } = this.#durable ?? {}
    const egress = new Egress(task.endpoints, kind, this.streams, this.#events.dropped)
    const lane = new Lane(id, compiled, egress)
    this.#events.lane(lane)
    task.follow(this.#clock)
    task.tick(this.#clock.now())
    const stored = await session?.load(id, splits)
    const saved = stored === undefined ? undefined : readCheckpoint(stored, this.#work.layout, this.#work.name)
    if (saved !== undefined) {
      task.load(saved.task)
      this.#commitId = Math.max(this.#commitId, saved.id)
      // Processing time does not go back, not even over a restart.
      task.cursor.now = Math.max(task.cursor.now, saved.now)
    }
    const into = kind === 'transaction' && session !== undefined ? { transaction: session } : {}
    await egress.open({ id, signal: this.#signal, tasks, ...into })
    this.lanes.set(id, lane)
    // What the last run made durable but may not have written: the same panes again, under the same versions.
    if (saved !== undefined) await egress.release(saved.outbox, saved.task.watermark)
    return [lane, saved]
  }

  /** Deals with tasks that have come and gone, in their order. */
  async #move(): Promise<void> {
    for (let next = this.#movements.next(); next !== undefined; next = this.#movements.next()) {
      // Also before a task comes: its state may take longer to read than a transaction may be open.
      if (next.kind !== 'lost') await this.#commit()
      if (next.kind === 'began') await this.#takeOver(next)
      else if (next.kind === 'lost') await this.#recover()
      else {
        for (const task of next.tasks) await this.#drop(task)
        next.done()
      }
    }
  }

  /** A task has come: its lane goes on where the last owner's has committed. */
  async #takeOver({ task, splits }: Began): Promise<void> {
    await this.#drop(task)
    const shared = this.#shared as SharedReader<unknown>
    const input = this.#inputs[0] as Input
    const compiled = this.#work.compile((key) => shared.owns(task, key))
    const [lane, saved] = await this.#begin(task, compiled, shared.tasks, splits)
    const kept = new Map(saved?.positions.map(([, { split, offset }]) => [split, offset]))
    for (const { split, offset } of splits) {
      const known = kept.get(split)
      if (known !== undefined && known !== offset) throw positionMoved(this.#work.name, split, known, offset)
      lane.startAt(input.source, split, offset)
      input.join(split, lane)
    }
  }

  async #drop(task: string): Promise<void> {
    const lane = this.lanes.get(task)
    if (lane === undefined) return
    this.lanes.delete(task)
    this.#events.laneGone(lane)
    for (const input of this.#inputs) input.leave(lane)
    await lane.egress.close()
  }

  /** Drops what is not committed, and goes on from what is. */
  async #recover(): Promise<void> {
    await this.#durable?.session.abort()
    for (const task of this.lanes.keys()) await this.#drop(task)
    if (this.#shared !== undefined) {
      this.#shared.rewind()
      return
    }
    const inputs = this.#inputs
    this.#inputs = []
    this.#ready = []
    for (const { reader } of inputs) await reader.close()
    await this.#openAll(this.#work.compile())
  }

  /** Takes what the sources have; false: nothing was there. */
  async #poll(): Promise<boolean> {
    let worked = false
    for (const [input, batch] of this.#ready.splice(0)) {
      worked = true
      input.asked = 'no'
      await this.#take(input, batch)
    }
    for (const input of this.#inputs) {
      if (this.#stopping || input.asked !== 'no' || input.resting) continue
      let polled: Batch<unknown> | Promise<Batch<unknown>>
      try {
        polled = input.reader.poll(this.#options.batchSize ?? 1_024)
      } catch (cause) {
        throw sourceFailed(input, cause)
      }
      if (polled instanceof Promise) this.#await(input, polled)
      else {
        worked = true
        await this.#take(input, polled)
      }
    }
    return worked
  }

  #await(input: Input, polled: Promise<Batch<unknown>>): void {
    input.asked = 'waits'
    // What only waits now has nothing more at this moment.
    input.look(true)
    for (const { task } of this.lanes.values()) task.align()
    polled.then(
      (batch) => {
        input.asked = 'answered'
        // A reader that was closed meanwhile has had its say.
        if (this.#inputs.includes(input)) this.#ready.push([input, batch])
        this.#interrupt()
      },
      (cause: unknown) => {
        if (this.#inputs.includes(input)) this.#failure = sourceFailed(input, cause)
        this.#interrupt()
      },
    )
  }

  /** Processing time moves on for all lanes. */
  #advance(): void {
    this.#lookAll()
    const now = this.#clock.now()
    let moved = false
    for (const { task } of this.lanes.values()) {
      const before = task.cursor.watermark
      task.tick(now)
      task.align()
      moved ||= task.cursor.watermark > before
    }
    if (moved) this.#events.moved()
  }

  /** Silence counts only while a source is waited for: what a slow sink kept us from asking for is no silence. */
  #lookAll(): void {
    for (const input of this.#inputs) if (input.asked !== 'waits') input.look(false)
  }

  async #take(input: Input, batch: Batch<unknown>): Promise<void> {
    if (this.#shared !== undefined) {
      // A task may have come with it, or gone since.
      if (this.#movements.waiting) await this.#move()
      if (!this.#shared.current(batch)) return
    }
    const lane = input.lanes.get(batch.split) ?? this.#joinNew(input, batch.split)
    if (batch.finished === true) input.finished.add(batch.split)
    this.#lookAll()
    lane.task.tick(this.#clock.now())
    lane.task.align()
    lane.task.run(lane.port(input.source), batch)
    lane.read(input.source, batch.split, batch.next)
    lane.task.align()
    this.#events.batch(lane)
    const delivered = lane.deliver(this.#yield)
    if (delivered !== undefined) await delivered
  }

  /** A split that was not there before belongs to the one lane of a source that is not shared. */
  #joinNew(input: Input, split: string): Lane {
    const [lane] = this.lanes.values()
    input.join(split, lane as Lane)
    return lane as Lane
  }

  async #deliverAll(): Promise<void> {
    for (const lane of this.lanes.values()) await lane.deliver(this.#yield)
  }

  /**
   * One interval: everything together durable, then its panes to the sinks, then the positions to the sources. False: it
   * was aborted, and all goes on from the one before.
   */
  async #commit(): Promise<boolean> {
    const durable = this.#durable
    if (durable === undefined) return true
    this.#commitAt = this.#clock.now() + durable.everyMs
    const lanes = [...this.lanes.values()].filter((lane) => durable.kind === 'checkpoint' || lane.touched)
    if (durable.kind === 'transaction' && lanes.length === 0) return true
    const begun = (this.committingSince = this.#commitAt - durable.everyMs)
    const id = ++this.#commitId
    const outboxes: (readonly [Lane, Outbox])[] = []
    const interval = { id, layout: this.#work.layout, now: begun, inputs: this.#inputs, pause: this.#turn.pause }
    for (const lane of lanes) outboxes.push([lane, await saveLane(durable, lane, interval)])
    const aborted = await this.#decide(durable, lanes)
    if (aborted !== undefined) {
      this.committingSince = undefined
      if (++this.#aborts > MOST_ABORTS) throw aborted
      await this.#recover()
      return false
    }
    this.#aborts = 0
    for (const [lane, outbox] of outboxes) {
      lane.committed()
      await lane.egress.release(outbox, lane.task.cursor.watermark)
    }
    await this.#committed()
    this.committingSince = undefined
    this.#commitAt = this.#clock.now() + durable.everyMs
    this.#events.checkpoint(id, this.#clock.now() - begun)
    return true
  }

  /** Commits; an error: it was aborted, and may be done again. */
  async #decide({ session }: Durable, lanes: readonly Lane[]): Promise<StreamError | undefined> {
    const shared = this.#shared
    if (shared === undefined) return session.commit()
    const positions = lanes.flatMap((lane) => lane.readPositions((this.#inputs[0] as Input).source))
    const outcome = this.#movements.lost
      ? undefined
      : await shared.asOwner(async (owner) => ({ aborted: await session.commit({ positions, owner }) }))
    return outcome === undefined ? notOwner(this.#work.name) : outcome.aborted
  }

  async #committed(): Promise<void> {
    if (this.#shared !== undefined) return
    const [lane] = this.lanes.values()
    for (const { reader, source } of this.#inputs) await reader.committed(lane?.positionsOf(source) ?? [])
  }

  get #ended(): boolean {
    return [...this.lanes.values()].every(({ task }) => task.ended)
  }

  get #outboxSize(): number {
    return [...this.lanes.values()].reduce((sum, { egress }) => sum + egress.outboxSize, 0)
  }

  /** Waits for a batch, a time that is due, a task that comes or goes, or a stop. */
  async #sleep(): Promise<void> {
    if (this.#ready.length > 0 || this.#stopping || this.#failure !== undefined || this.#movements.waiting) return
    let at = this.#commitAt
    for (const { task } of this.lanes.values()) at = Math.min(at, task.nextWakeUp())
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    const now = this.#clock.now()
    if (at <= now) {
      await this.#turn.yield()
      return
    }
    const cancel = wakeAt(this.#clock, at, () => this.#interrupt())
    await woken
    cancel?.()
    this.#turn.begin()
  }

  #interrupt(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}
