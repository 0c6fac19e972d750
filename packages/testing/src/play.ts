/**
 * Owns how a script drives the synchronous engine of a pipeline: which batches there are, where the clock goes, where a
 * crash cuts. `simulate`, `verifyOperator` and the laws play the same script in different ways and compare.
 */
import { type Batch, type Compiled, type DeadLetter, type LateRecord, type Pipeline, engineOf } from '@tidemark/core'
import { ONLY_SPLIT, type Script, type ScriptRecord, type ScriptStep, recordsOf } from './script.ts'

declare const structuredClone: <T>(value: T) => T

/** Makes what the source would deliver from a record of the script. */
export type MakeRecord<In> = (key: string, value: number, at: number, split: string) => In

export interface PlayOptions {
  /** How the records of one step become batches; as one if not given. Of each split by itself in any case. */
  readonly batches?: (records: readonly ScriptRecord[]) => readonly (readonly ScriptRecord[])[]
  /** Panes taken from the engine at a time: 1 is a sink that is always full. */
  readonly drainLimit?: number
  /** Cuts after every step: the state is saved, and a fresh engine goes on from it. */
  readonly crash?: boolean
  /** What a step that throws does: throws, if not given, or stops the script; `failure` has the error then. */
  readonly onFailure?: 'throw' | 'stop'
  /** Whether the engine may make code from text; as `StartOptions.generateCode`. */
  readonly generateCode?: boolean
  /** Looks at the engine after each step. */
  readonly afterStep?: (engine: Compiled, step: number) => void
}

/** How the records of one step were counted: without a window, and each pair of a record and a window by what became of it. */
export interface StepCounts {
  readonly noWindow: number
  readonly onTime: number
  readonly late: number
  readonly tooLate: number
  readonly shed: number
}

/** What came out of one step. `progress` is the watermark that sinks are told after it. */
export interface PlayedStep<P> {
  readonly panes: readonly P[]
  readonly counts: StepCounts
  readonly late: readonly LateRecord<unknown, unknown>[]
  readonly deadLetters: readonly DeadLetter[]
  readonly progress: number
  readonly clock: number
}

/** A step that threw; nothing came out of it, and no step was played after it. */
export interface Failure {
  readonly step: number
  readonly error: unknown
}

export interface Played<P> {
  readonly steps: readonly PlayedStep<P>[]
  readonly engine: Compiled
  readonly failure: Failure | undefined
}

/** A split of this name stands at −∞ for ever, so that only the script moves the watermark. */
const SCRIPT = ' script'

/** Plays a script; what comes out depends on its arguments only. */
export function play<P, In>(
  pipeline: Pipeline<P, In>,
  script: Script,
  record: MakeRecord<In>,
  options: PlayOptions = {},
): Played<P> {
  const player = new Player(pipeline, script, record as MakeRecord<unknown>, options)
  const steps: PlayedStep<P>[] = []
  let failure: Failure | undefined
  for (const [i, step] of script.steps.entries()) {
    try {
      player.step(step)
    } catch (error) {
      if (options.onFailure !== 'stop') throw error
      failure = { step: i, error }
      break
    }
    steps.push(player.take() as PlayedStep<P>)
    options.afterStep?.(player.engine, i)
    if (options.crash === true) player.crash()
  }
  return { steps, engine: player.engine, failure }
}

class Player {
  engine: Compiled
  readonly #pipeline: Pipeline<unknown>
  readonly #options: PlayOptions
  readonly #record: MakeRecord<unknown>
  readonly #overrides: boolean
  /** Splits that have joined, with the offset of their next record; finished ones stay. */
  readonly #splits: Map<string, { next: bigint; finished: boolean }> = new Map()
  #now = 0
  /** What the engine had counted when the step began; a restart begins anew. */
  #counted: StepCounts = NOTHING

  constructor(pipeline: Pipeline<unknown>, script: Script, record: MakeRecord<unknown>, options: PlayOptions) {
    this.#pipeline = pipeline
    this.#options = options
    this.#record = record
    this.#overrides = script.steps.some(({ kind }) => kind === 'watermark')
    this.engine = this.#fresh()
    const later = new Set(script.steps.flatMap((step) => (step.kind === 'join' ? [step.split] : [])))
    for (const { split } of recordsOf(script)) if (!later.has(split)) this.#join(split)
    // A source that never has a split would hold the end of input for ever.
    const joining = new Set([...later].map((split) => this.#portOf(split)))
    for (const { port } of this.engine.sources)
      if (port.splits === 0 && !joining.has(port)) this.#join(this.engine.sources.length === 1 ? ONLY_SPLIT : port.name)
  }

  step(step: ScriptStep): void {
    const { task } = this.engine
    switch (step.kind) {
      case 'records':
        return this.#records(step.records)
      case 'watermark':
        return task.raise(task.watermarks.raise(step.at))
      case 'clock':
        return this.#clock(step.to)
      case 'join':
        return this.#join(step.split)
      case 'idle':
        return this.#idle(step.split)
      case 'finish':
        return this.#finish(step.split)
      case 'restart':
        return this.crash()
      case 'end':
        for (const [split, { finished }] of this.#splits) if (!finished) this.#finish(split)
    }
  }

  /** What is ready for the sinks. */
  take(): PlayedStep<unknown> {
    const { task } = this.engine
    const [first, ...others] = task.endpoints
    const panes: unknown[] = []
    let done = false
    while (!done) {
      done = task.drain(this.#options.drainLimit ?? Number.MAX_SAFE_INTEGER)
      panes.push(...(first?.take() ?? []))
    }
    const rest = others.flatMap((endpoint) => [...endpoint.take()]) as object[]
    const before = this.#counted
    this.#counted = countsOf(this.engine)
    return {
      panes,
      counts: combined(this.#counted, before, (now, then) => now - then),
      late: rest.filter((item): item is LateRecord<unknown, unknown> => 'latenessMs' in item && 'reason' in item),
      deadLetters: rest.filter((item): item is DeadLetter => 'stage' in item && 'original' in item),
      progress: task.cursor.watermark,
      clock: this.#now,
    }
  }

  /** The process dies after a checkpoint; another one goes on from it. */
  crash(): void {
    const saved = structuredClone(this.engine.task.save())
    this.engine = this.#fresh(saved)
    this.#counted = NOTHING
    for (const [split, { finished }] of this.#splits) {
      const port = this.#portOf(split)
      this.engine.task.join(port, split, undefined)
      if (finished) port.finished++
    }
  }

  #fresh(saved?: Parameters<Compiled['task']['load']>[0]): Compiled {
    const { generateCode } = this.#options
    const engine = engineOf(this.#pipeline, generateCode === undefined ? {} : { generateCode })
    engine.task.tick(this.#now)
    if (saved !== undefined) engine.task.load(saved)
    else if (this.#overrides) engine.task.watermarks.add(SCRIPT)
    return engine
  }

  /** A split that has the name of a source belongs to it; any other to the first source. */
  #portOf(split: string): Compiled['sources'][number]['port'] {
    const { sources } = this.engine
    const source = sources.find(({ port }) => port.name === split) ?? sources[0]
    if (source === undefined) throw new Error('The pipeline has no source.')
    return source.port
  }

  #join(split: string): void {
    if (this.#splits.has(split)) return
    this.#splits.set(split, { next: 0n, finished: false })
    this.engine.task.join(this.#portOf(split), split, undefined)
  }

  #known(split: string): { next: bigint; finished: boolean } {
    const known = this.#splits.get(split)
    if (known === undefined || known.finished)
      throw new Error(
        `Split '${split}' ${known === undefined ? 'has not joined' : 'is finished'}; the script has ${[...this.#splits.keys()].join(', ')}.`,
      )
    return known
  }

  #records(records: readonly ScriptRecord[]): void {
    const batches = (this.#options.batches ?? ((all) => [all]))(records)
    for (const batch of batches) for (const part of bySplit(batch)) this.#batch(part)
  }

  #batch(records: readonly ScriptRecord[]): void {
    const split = (records[0] as ScriptRecord).split
    const state = this.#known(split)
    const first = state.next
    state.next += BigInt(records.length)
    const batch: Batch<unknown> = {
      split,
      first,
      next: state.next,
      records: records.map(({ key, value, at }) => this.#record(key, value, at, split)),
      info: (i) => ({ key: (records[i] as ScriptRecord).key, timestamp: (records[i] as ScriptRecord).at }),
    }
    this.engine.task.run(this.#portOf(split), batch)
  }

  #finish(split: string): void {
    const state = this.#known(split)
    state.finished = true
    this.engine.task.run(this.#portOf(split), {
      split,
      records: [],
      first: state.next,
      next: state.next,
      caughtUp: true,
      finished: true,
    })
  }

  /** As if idleAfter had passed for this split alone. */
  #idle(split: string): void {
    this.#known(split)
    const { task } = this.engine
    for (const timeline of this.#portOf(split).timelines) {
      const clock = timeline.clocks.get(split)
      if (clock !== undefined) task.watermarks.leave(clock.split, 'idle')
    }
    task.raise(task.watermarks.combine())
  }

  /** Goes from one wanted wake-up to the next, as a real clock would. */
  #clock(time: number): void {
    const { task } = this.engine
    // Clocks do not go back.
    const to = Math.max(time, this.#now)
    for (let next = task.nextWakeUp(); next <= to; next = task.nextWakeUp()) {
      if (next <= this.#now) break
      this.#now = next
      task.tick(next)
    }
    this.#now = to
    task.tick(to)
  }
}

const NOTHING: StepCounts = { noWindow: 0, onTime: 0, late: 0, tooLate: 0, shed: 0 }

/** What all windows of an engine have counted. */
function countsOf({ windows }: Compiled): StepCounts {
  return windows.reduce((sum, { operator }) => combined(sum, operator.stage.counters, (a, b) => a + b), NOTHING)
}

function combined(a: StepCounts, b: StepCounts, combine: (a: number, b: number) => number): StepCounts {
  return {
    noWindow: combine(a.noWindow, b.noWindow),
    onTime: combine(a.onTime, b.onTime),
    late: combine(a.late, b.late),
    tooLate: combine(a.tooLate, b.tooLate),
    shed: combine(a.shed, b.shed),
  }
}

/** Runs of records of one split: a batch has one. */
function bySplit(records: readonly ScriptRecord[]): readonly (readonly ScriptRecord[])[] {
  const parts: ScriptRecord[][] = []
  for (const record of records) {
    const last = parts.at(-1)
    if (last?.[0]?.split === record.split) last.push(record)
    else parts.push([record])
  }
  return parts
}
