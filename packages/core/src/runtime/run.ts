/** Owns one run of a pipeline as users see it: its life from start to end, its events, its health, its answers. */
import { EventEmitter } from 'eventemitter3'
import { StreamError, configError } from '../errors/stream-error.ts'
import type { Signal } from '../io/source.ts'
import type { Task } from '../operator/task.ts'
import { type LateReport, type LateSummary, sumOfSummaries } from '../pane/late-report.ts'
import { timeText } from '../operator/window-text.ts'
import type { Compiled } from '../pipeline/compile.ts'
import { countsOf, metricsOf, sumOfMetrics } from '../pipeline/metrics.ts'
import { type Duration, toMs } from '../time/duration.ts'
import { systemClock } from '../time/system-clock.ts'
import { BEFORE_ALL } from '../time/timestamp.ts'
import type { TimeWindow } from '../window/window.ts'
import { Driver } from './driver.ts'
import type { Lane } from './lane.ts'
import { explainRun } from './explain-run.ts'
import type { Health, Job, JobEvents, JobState, StartOptions } from '../pipeline/job.ts'
import { ResultStream } from './result-stream.ts'
import type { Work } from './work.ts'

const DEFAULT_BUFFER = 1_024
/** A commit that takes so long is told in `health()`. */
const LONG_COMMIT_MS = 10_000
const DEFAULT_DEADLINE: Duration = '30s'

type Emitter = EventEmitter<{ [E in keyof JobEvents]: (event: JobEvents[E]) => void }>

export class Run<P> implements Job<P> {
  readonly name: string
  /** The operators of no task, for a job that has none; they never count. */
  #first: Compiled
  /** What tasks have counted that are over: a job's counters never go down. */
  #gone: ReadonlyMap<string, number> = new Map()
  readonly #goneLate: Map<string, LateSummary> = new Map()
  readonly #driver: Driver
  readonly #events: Emitter = new EventEmitter()
  readonly #done: Promise<void>
  readonly #abandon: { readonly signal: Signal; abort(): void } = abandonment()
  #state: JobState = 'starting'
  #error: StreamError | undefined
  /** Somebody will learn of a failure. */
  #observed = false
  #lastProgressAt: number | undefined
  #announcedWatermark = Number.NEGATIVE_INFINITY
  readonly #announced: Map<string, number> = new Map()
  #stalled: JobEvents['stalled'] | undefined
  #dropped = 0

  /** `first`: what `work.compile` has made to see that it can. */
  constructor(work: Work, first: Compiled, options: StartOptions) {
    this.name = work.name
    this.#first = first
    this.#driver = new Driver(work, options, this.#abandon.signal, {
      lane: ({ task }) => this.#listen(task),
      laneGone: ({ compiled }) => {
        this.#remember(compiled)
        if (compiled === this.#first) this.#first = work.compile()
      },
      batch: (lane) => this.#afterBatch(lane),
      moved: () => this.#announceProgress(),
      checkpoint: (id, durationMs) => this.#events.emit('checkpoint', { id, durationMs }),
      dropped: (where, count) => this.#drop('bestEffortSink', where, count),
    })
    const { signal } = options
    const abort = (): void => void this.stop().catch(() => {})
    if (signal?.aborted === true) this.#driver.stop()
    signal?.addEventListener('abort', abort)
    // What hangs in a sink or source must not hang whoever waits for the end of an abandoned job.
    const abandoned = new Promise<never>((_, reject) =>
      this.#abandon.signal.addEventListener('abort', () => reject(this.#abandoned())),
    )
    this.#done = Promise.race([this.#live(), abandoned]).finally(() => signal?.removeEventListener('abort', abort))
    // Nobody has to wait for the end; a failure that nobody can learn of is thrown by #fail.
    this.#done.catch(() => {})
  }

  on<E extends keyof JobEvents>(event: E, listener: (event: JobEvents[E]) => void): () => void {
    if (event === 'error') this.#observed = true
    this.#events.on(event, listener as never)
    return () => void this.#events.off(event, listener as never)
  }

  results(options: { readonly buffer?: number } = {}): AsyncIterable<P> {
    const { buffer = DEFAULT_BUFFER } = options
    if (!Number.isSafeInteger(buffer) || buffer < 1) {
      throw configError('BAD_BUFFER', "'buffer' of results", {
        found: buffer,
        expected: 'a whole number of at least 1',
        remedy: 'It bounds what has not been read.',
      })
    }
    this.#observed = true
    const stream = new ResultStream(buffer, (left) => this.#driver.streams.delete(left))
    if (this.#ended) stream.end(this.#error)
    else this.#driver.streams.add(stream)
    return stream as AsyncIterable<P>
  }

  health(): Health {
    const now = this.#driver.now()
    const tasks = this.#tasks.map(({ task }) => task)
    const watermark = leastWatermark(tasks)
    const at = Math.max(...tasks.map(({ cursor }) => cursor.now), this.#ended ? Number.NEGATIVE_INFINITY : now)
    const splits = new Map(
      tasks.flatMap(({ watermarks }) =>
        [...watermarks.all()].map(
          (split) =>
            [split.name, { state: split.state, watermark: split.watermark, lagMs: lag(at, split.watermark) }] as const,
        ),
      ),
    )
    const reasons: string[] = []
    if (this.#error !== undefined) reasons.push(this.#error.message)
    if (this.#stalled !== undefined)
      reasons.push(
        `the watermark has stood still since ${timeText(this.#stalled.since)}, held back by ${this.#stalled.split}`,
      )
    const since = this.#driver.committingSince
    if (since !== undefined && now - since >= LONG_COMMIT_MS && !this.#ended)
      reasons.push(`a commit has been under way since ${timeText(since)}: whoever keeps it does not answer, or refuses`)
    if (this.#dropped > 0) reasons.push(`${this.#dropped} items were not kept (see metrics)`)
    return {
      state: this.#state,
      reasons,
      watermark,
      watermarkLagMs: lag(at, watermark),
      splits,
      openWindows: tasks.reduce((sum, task) => sum + task.openWindows(Number.MAX_SAFE_INTEGER).length, 0),
      entries: this.#tasks.reduce(
        (sum, { windows }) => windows.reduce((kept, { operator }) => kept + operator.stage.entries, sum),
        0,
      ),
      lastProgressAt: this.#lastProgressAt,
    }
  }

  explain(window?: TimeWindow): string {
    const since = this.#stalled?.since
    const lanes = [...this.#driver.lanes.values()]
    if (lanes.length === 0 && this.#state === 'running')
      return 'This process has no task at the moment: others of its group have them, or they are on their way.'
    if (lanes.length <= 1) return explainRun(this.#tasks[0] as Compiled, since, window)
    return lanes.map(({ id, compiled }) => `Task ${id}. ${explainRun(compiled, since, window)}`).join('\n\n')
  }

  metrics(): ReadonlyMap<string, number> {
    return sumOfMetrics([...this.#tasks.map((compiled) => metricsOf(compiled, this.#dropped)), this.#gone])
  }

  lateness(): ReadonlyMap<string, LateSummary> {
    const names = (this.#tasks[0] as Compiled).windows.map(({ name }) => name)
    return new Map(
      names.map((name, i) => {
        const reports = this.#tasks.map(({ windows }) => windows[i]?.operator.stage.lateReport as LateReport)
        const gone = this.#goneLate.get(name)
        return [
          name,
          sumOfSummaries([...reports.map((report) => report.summary()), ...(gone === undefined ? [] : [gone])]),
        ]
      }),
    )
  }

  get done(): Promise<void> {
    this.#observed = true
    return this.#done
  }

  drain(): Promise<void> {
    if (!this.#ended) this.#state = 'draining'
    this.#driver.stop()
    return this.done
  }

  async stop(options: { readonly deadline?: Duration } = {}): Promise<void> {
    const deadlineMs = toMs(options.deadline ?? DEFAULT_DEADLINE, "'deadline' of stop")
    const drained = this.drain()
    const cancel = systemClock.wakeAt?.(systemClock.now() + deadlineMs, () => {
      if (!this.#ended) this.#abandon.abort()
    })
    try {
      await drained
    } finally {
      cancel?.()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  get #ended(): boolean {
    return this.#state === 'stopped' || this.#state === 'completed' || this.#state === 'failed'
  }

  async #live(): Promise<void> {
    // Begins in a turn of its own, so that whoever started the job can listen first.
    await Promise.resolve()
    let failure: unknown
    try {
      await this.#driver.open(this.#first)
      if (this.#state === 'starting') this.#state = 'running'
      const ending = await this.#driver.run()
      for (const lane of this.#driver.lanes.values()) this.#afterBatch(lane)
      await this.#driver.close()
      if (!this.#ended) this.#end(ending)
      return
    } catch (error) {
      failure = error
    }
    // An abandoned job has had its say.
    if (this.#ended) throw failure
    const error =
      failure instanceof StreamError
        ? failure
        : new StreamError(
            'INTERNAL',
            `The job '${this.name}' failed: ${failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)}`,
            { cause: failure },
          )
    this.#fail(error)
    await this.#driver.close(error).catch(() => {})
    this.#end('failed')
    throw error
  }

  /** The deadline of a stop has passed: the job ends here, whatever still hangs. */
  #abandoned(): StreamError {
    const error = new StreamError(
      'STOP_DEADLINE',
      `Stopping '${this.name}': found work in flight when the deadline had passed, expected it to be done. The job was abandoned; a restart goes on from its last checkpoint.`,
      { retryable: true },
    )
    this.#fail(error)
    this.#end('failed')
    void this.#driver.close(error).catch(() => {})
    return error
  }

  #fail(error: StreamError): void {
    this.#error ??= error
    this.#state = 'failed'
    this.#events.emit('error', { error })
    // A failure must not go unnoticed: without a listener, done or results it becomes an unhandled rejection.
    if (!this.#observed) void Promise.reject(error)
  }

  #end(reason: JobEvents['done']['reason']): void {
    this.#state = reason
    this.#events.emit('done', { reason })
  }

  #drop(reason: JobEvents['dropped']['reason'], where: string, count: number): void {
    this.#dropped += count
    this.#events.emit('dropped', { reason, where, count })
  }

  /** The operators of all tasks that the job has at the moment; those of none where it has none. */
  get #tasks(): readonly Compiled[] {
    const { lanes } = this.#driver
    return lanes.size === 0 ? [this.#first] : [...lanes.values()].map(({ compiled }) => compiled)
  }

  #remember(compiled: Compiled): void {
    this.#gone = sumOfMetrics([countsOf(compiled), this.#gone])
    for (const { name, operator } of compiled.windows) {
      const gone = this.#goneLate.get(name)
      const late = operator.stage.lateReport.summary()
      this.#goneLate.set(name, gone === undefined ? late : sumOfSummaries([gone, late]))
    }
  }

  #listen(task: Task): void {
    task.events = {
      split: (split, state) => this.#events.emit('split', { split, state }),
      stalled: (split, since, waiting) => {
        this.#stalled = { split, since, waiting: waiting.map(({ window }) => window as TimeWindow) }
        this.#events.emit('stalled', this.#stalled)
      },
      ahead: (where) => this.#drop('tooFarAhead', where, 1),
    }
  }

  /** Tells what a batch has changed. */
  #afterBatch({ id, compiled: { task, windows } }: Lane): void {
    this.#lastProgressAt = task.cursor.now
    for (const { name, operator } of windows) {
      const { counters, lastRefused } = operator.stage
      if (counters.tooLate === 0 && counters.shed === 0) continue
      const late = this.#since(`${id}/${name}.late`, counters.tooLate)
      if (late > 0)
        this.#events.emit('late', { stage: name, count: late, window: lastRefused as TimeWindow | undefined })
      const shed = this.#since(`${id}/${name}.shed`, counters.shed)
      if (shed > 0) this.#drop('shed', name, shed)
    }
    this.#announceProgress()
  }

  #announceProgress(): void {
    const watermark = leastWatermark(this.#tasks.map(({ task }) => task))
    if (watermark <= this.#announcedWatermark) return
    this.#announcedWatermark = watermark
    this.#stalled = undefined
    this.#events.emit('progress', { watermark })
  }

  #since(name: string, count: number): number {
    const before = Math.min(this.#announced.get(name) ?? 0, count)
    this.#announced.set(name, count)
    return count - before
  }
}

/** As readers of the results take it: nobody waits for a task whose splits are all idle. */
function leastWatermark(tasks: readonly Task[]): number {
  const active = tasks.filter((task) => !task.idle)
  const waited = active.length > 0 ? active : tasks.filter(({ cursor }) => cursor.watermark > BEFORE_ALL)
  return waited.length === 0 ? BEFORE_ALL : Math.min(...waited.map(({ cursor }) => cursor.watermark))
}

function lag(now: number, watermark: number): number {
  return Number.isFinite(watermark) ? now - watermark : Number.NaN
}

/** A signal of our own that tells sources and sinks to give up. */
function abandonment(): { readonly signal: Signal; abort(): void } {
  const listeners = new Set<() => void>()
  let aborted = false
  const signal: Signal = {
    get aborted() {
      return aborted
    },
    addEventListener: (_, listener) => void listeners.add(listener),
    removeEventListener: (_, listener) => void listeners.delete(listener),
  }
  return {
    signal,
    abort: () => {
      aborted = true
      for (const listener of listeners) listener()
    },
  }
}
