/** Owns what users see of a running job: its type, its events, its options. */
import type { StreamError } from '../errors/stream-error.ts'
import type { CheckpointStore } from '../io/checkpoint.ts'
import type { Signal } from '../io/source.ts'
import type { LateSummary } from '../pane/late-report.ts'
import type { Clock } from '../time/clock.ts'
import type { Duration } from '../time/duration.ts'
import type { TimeWindow } from '../window/window.ts'

export interface StartOptions {
  /** Aborting it stops the job, as `stop()` does. */
  readonly signal?: Signal
  /** Processing time; the machine's by default. `arrivalClock()` for a replay. */
  readonly clock?: Clock
  /** Makes the job durable: it goes on from the newest checkpoint. */
  readonly checkpoint?: CheckpointStore
  /** At most this many records are taken from a source at a time. Default 1,024. */
  readonly batchSize?: number
  /**
   * Whether the way of records may be put together as code from text, which is faster; the results are the same. True if
   * not given, where the host allows it (a content security policy may not, and may report the attempt).
   */
  readonly generateCode?: boolean
}

export interface JobEvents {
  /** The watermark has stood still for a while although something waits: which split holds it back, since when. */
  readonly stalled: { readonly split: string; readonly since: number; readonly waiting: readonly TimeWindow[] }
  /** Records came too late for a window; counted since the last event. */
  readonly late: { readonly stage: string; readonly count: number; readonly window: TimeWindow | undefined }
  /** Something was not kept: shed state, a best-effort sink that fails, a record too far ahead to move the watermark. */
  readonly dropped: {
    readonly count: number
    readonly reason: 'shed' | 'bestEffortSink' | 'tooFarAhead'
    readonly where: string
  }
  readonly checkpoint: { readonly id: number; readonly durationMs: number }
  readonly split: { readonly split: string; readonly state: 'active' | 'idle' | 'finished' }
  readonly error: { readonly error: StreamError }
  readonly progress: { readonly watermark: number }
  readonly done: { readonly reason: 'completed' | 'stopped' | 'failed' }
}

export type JobState = 'starting' | 'running' | 'draining' | 'stopped' | 'completed' | 'failed'

export interface Health {
  readonly state: JobState
  /** What is wrong, in words; empty while all is well. */
  readonly reasons: readonly string[]
  readonly watermark: number
  /** How far processing time is ahead of the watermark, ms; NaN while there is no watermark. */
  readonly watermarkLagMs: number
  /** The same per active split. */
  readonly splits: ReadonlyMap<
    string,
    { readonly state: 'active' | 'idle' | 'finished'; readonly watermark: number; readonly lagMs: number }
  >
  readonly openWindows: number
  /** Entries of (key, window) that are kept. */
  readonly entries: number
  /** Processing time at which records were last processed. */
  readonly lastProgressAt: number | undefined
}

/** One run of a pipeline. */
export interface Job<out P> {
  readonly name: string
  /** Listens; the answer stops listening. Events observe: they never carry results. */
  on<E extends keyof JobEvents>(event: E, listener: (event: JobEvents[E]) => void): () => void
  /**
   * What the pipeline emits, as an AsyncIterable. The job waits when `buffer` items (default 1,024) have not been read,
   * so read on or leave the loop. Call it before the job has begun: in the turn it was started.
   */
  results(options?: { readonly buffer?: number }): AsyncIterable<P>
  health(): Health
  /**
   * Why nothing comes, in words: the watermark, which split holds it back and since when, and per window stage what came
   * in and what was written. Of a window: where it stands, and what would complete it. For people; programs read
   * `metrics()` and `health()`.
   */
  explain(window?: TimeWindow): string
  /**
   * Counters by name, each of this process since the start of the job: none goes down, also not when a task of a group
   * goes to another process, or when work is done again after an aborted commit (it counts again). Per window stage
   * `<stage>.`: records, filtered, skipped, deadLettered, noWindow, assigned; assignments, onTime, late, tooLate, shed;
   * earlyPanes, onTimePanes, latePanes, lastPanes, retractions; entries (kept now). A stage over results also has
   * replaced and withdrawn: contributions that a newer result took the place of, and that left. Beside them
   * `watermark`, `dropped`, `tooFarAhead` and the counts of other
   * stages.
   */
  metrics(): ReadonlyMap<string, number>
  /** What came too late, per window stage. */
  lateness(): ReadonlyMap<string, LateSummary>
  /** Reads no more, lets what was read go through, makes it safe, ends. Windows stay open: a restart goes on. */
  drain(): Promise<void>
  /** As drain, but gives up when the deadline (default 30s) has passed: then it rejects with STOP_DEADLINE, as `done` does. */
  stop(options?: { readonly deadline?: Duration }): Promise<void>
  /** Resolves when the job has completed or stopped; rejects with a StreamError when it failed. */
  readonly done: Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
