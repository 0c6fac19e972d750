/**
 * Owns `simulate`: a pipeline under a script, without waiting and without chance. All its sources are replaced by the
 * script; its sinks get nothing: what would go to them is in the run.
 */
import { type Compiled, type DeadLetter, type LateRecord, type Pipeline, metricsOf } from '@tidemark/core'
import { type AnyPane, paneName, showPane } from './matchers.ts'
import { type Failure, type MakeRecord, type Played, type PlayedStep, play } from './play.ts'
import { random, shuffled } from './random.ts'
import { sameValue } from '@tidemark/core'
import { type Script, type ScriptRecord, type ScriptStep, scriptOf } from './script.ts'

export interface SimulateOptions<In> {
  /** Makes what the source would deliver from a record of the script. */
  readonly record: MakeRecord<In>
  /**
   * 'stop': a step that throws ends the run, which then has what came before and the error as `failure`. 'throw', if not
   * given: the error comes out of `simulate`.
   */
  readonly onFailure?: 'throw' | 'stop'
  /** Whether the engine may make code from text; as `StartOptions.generateCode`. The results are the same. */
  readonly generateCode?: boolean
}

export interface PermutationOptions {
  readonly seed: number
  readonly runs: number
  /** Whether two final values are the same; by content if not given. */
  readonly equal?: (a: unknown, b: unknown) => boolean
  /** Adds two deltas of one key and window: needed for discarding panes where a window has several. */
  readonly combine?: (a: unknown, b: unknown) => unknown
}

/** A claim about the run that throws a plain Error where it does not hold. */
export interface Check {
  readonly sameResults: () => void
}

export interface Run<P> {
  /** Everything the first sink would get, in order. */
  readonly panes: readonly P[]
  /** The same step by step, with what was late, how the records were counted, and the watermark afterwards. */
  readonly steps: readonly PlayedStep<P>[]
  /** Records that went to the late output (only pipelines with lateTo have one; counts are in `metrics`). */
  readonly late: readonly LateRecord<unknown, unknown>[]
  readonly deadLetters: readonly DeadLetter[]
  /** As job.metrics() at the end of the script, since the last restart. */
  readonly metrics: ReadonlyMap<string, number>
  /** Entries of (key, window) that are left at the end of the script. */
  readonly stateEntries: number
  /** The step that threw, where `onFailure` is 'stop'. */
  readonly failure: Failure | undefined
  /**
   * Arrival order does not matter: records change places between two moves of the watermark by the script, where none
   * of them is late. The final value per key and window must be the same.
   */
  readonly permutations: (options: PermutationOptions) => Check
  /** A checkpoint and a restart after every step leave no trace in the panes. */
  readonly crashAtEveryStep: () => Check
}

/**
 * Runs a pipeline under a script, synchronously. A script that names watermarks overrides the pipeline's strategy;
 * processing time starts at 0 and moves by `clock` only, through every wake-up on its way.
 * @example simulate(pageStats, script`a=5@00:26 | watermark 2m | end`, { record: (key, value, at) => ({ page: key, value, at }) })
 */
export function simulate<P, In>(
  pipeline: Pipeline<P, In>,
  script: Script,
  options: SimulateOptions<NoInfer<In>>,
): Run<P> {
  const { record, onFailure = 'throw', generateCode } = options
  const mode = generateCode === undefined ? {} : { generateCode }
  const played = play(pipeline, script, record, { onFailure, ...mode })
  const panes = played.steps.flatMap((step) => step.panes)
  return {
    panes,
    steps: played.steps,
    late: played.steps.flatMap(({ late }) => late),
    deadLetters: played.steps.flatMap(({ deadLetters }) => deadLetters),
    metrics: metricsOf(played.engine, 0),
    stateEntries: entriesOf(played.engine),
    failure: played.failure,
    permutations: (how) => ({ sameResults: () => permute(pipeline, script, record, played, how, mode) }),
    crashAtEveryStep: () => ({
      sameResults: () => {
        const again = play(pipeline, script, record, { onFailure, crash: true, ...mode })
        samePanes(
          panes,
          again.steps.flatMap((step) => step.panes),
          'with a crash after every step',
        )
        const [once, twice] = [played.failure?.step, again.failure?.step]
        if (once !== twice)
          throw new Error(
            `With a crash after every step, ${fails(twice)}; without, ${fails(once)}.\n  ${String(script)}`,
          )
      },
    }),
  }
}

/** Entries of (key, window) in all windows of an engine. */
export function entriesOf({ windows }: Compiled): number {
  return windows.reduce((sum, { operator }) => sum + operator.stage.entries, 0)
}

/** Throws unless two lists of panes agree in every field and in order. */
export function samePanes(expected: readonly unknown[], found: readonly unknown[], when: string): void {
  for (let i = 0; i < Math.max(expected.length, found.length); i++) {
    if (sameValue(expected[i], found[i])) continue
    const show = (pane: unknown): string => (pane === undefined ? 'none' : showPane(pane as object))
    throw new Error(
      `Pane ${i} is another one ${when} (${expected.length} panes, then ${found.length}):\n  expected ${show(expected[i])}\n  found    ${show(found[i])}`,
    )
  }
}

function fails(step: number | undefined): string {
  return step === undefined ? 'no step fails' : `step ${step} fails`
}

function lateIn({ counts }: PlayedStep<unknown>): number {
  return counts.late + counts.tooLate
}

function latenessOf({ steps }: Played<unknown>): number {
  return steps.reduce((sum, step) => sum + lateIn(step), 0)
}

function permute<P, In>(
  pipeline: Pipeline<P, In>,
  script: Script,
  record: MakeRecord<In>,
  original: Played<P>,
  options: PermutationOptions,
  mode: Pick<SimulateOptions<In>, 'generateCode'>,
): void {
  const next = random(options.seed)
  const lateness = latenessOf(original)
  const isLate = original.steps.map((step) => lateIn(step) > 0)
  const expected = storeOf(original, options)
  let tried = 0
  for (let run = 0; run < options.runs; run++) {
    const other = scriptOf(reordered(script.steps, isLate, next))
    const played = play(pipeline, other, record, mode)
    // Where the watermark follows the records another order may make some late: that says nothing.
    if (latenessOf(played) !== lateness) continue
    tried++
    const found = storeOf(played, options)
    const names = new Set([...expected.keys(), ...found.keys()])
    for (const name of names) {
      if (expected.has(name) && found.has(name) && (options.equal ?? sameValue)(expected.get(name), found.get(name)))
        continue
      throw new Error(
        `Another order of arrival, another result (seed ${options.seed}, run ${run}): of ${name} ${JSON.stringify(expected.get(name))} became ${JSON.stringify(found.get(name))}.\n  ${String(script)}\n  ${String(other)}`,
      )
    }
  }
  if (tried === 0 && options.runs > 0)
    throw new Error(
      'No order of arrival was found that makes no other records late. Name the watermarks in the script, or allow for more disorder in the strategy.',
    )
}

/** Records change places within each stretch between two steps that may move the watermark; late ones stay. */
function reordered(
  steps: readonly ScriptStep[],
  isLate: readonly boolean[],
  next: () => number,
): readonly ScriptStep[] {
  const out = [...steps]
  let stretch: number[] = []
  const shuffle = (): void => {
    const records = shuffled(
      stretch.flatMap((i) => recordsAt(steps, i)),
      next,
    )
    let from = 0
    for (const i of stretch) {
      const { length } = recordsAt(steps, i)
      out[i] = { kind: 'records', records: records.slice(from, (from += length)) }
    }
    stretch = []
  }
  for (const [i, step] of steps.entries()) {
    if (step.kind === 'records' && isLate[i] !== true) stretch.push(i)
    else if (step.kind !== 'clock' && step.kind !== 'restart') shuffle()
  }
  shuffle()
  return out
}

function recordsAt(steps: readonly ScriptStep[], i: number): readonly ScriptRecord[] {
  return (steps[i] as { readonly records: readonly ScriptRecord[] }).records
}

/** What a key-value store ends with, sessions that have become part of others left out. */
function storeOf<P>({ steps, engine }: Played<P>, { combine }: PermutationOptions): ReadonlyMap<string, unknown> {
  const panes = steps.flatMap((step) => step.panes) as readonly (P & AnyPane)[]
  const merges = engine.windows.some(
    ({
      node: {
        assigner: { shape },
      },
    }) => shape.type === 'session' || (shape.type === 'custom' && shape.merge),
  )
  const store = new Map<string, { readonly pane: AnyPane; readonly value: unknown }>()
  for (const pane of panes) {
    // What is no pane (a pipeline without windows) has no key: the value itself is the result.
    const name = pane?.window === undefined ? JSON.stringify(pane) : paneName(pane)
    const before = store.get(name)
    if (pane?.kind === 'retraction') store.delete(name)
    else if (pane?.kind !== 'delta' || before === undefined) store.set(name, { pane, value: pane?.value })
    else if (combine !== undefined) store.set(name, { pane, value: combine(before.value, pane.value) })
    else throw new Error(`${name} has several delta panes: say with 'combine' how they add up.`)
  }
  if (merges) {
    for (const [name, { pane }] of store)
      if ([...store.values()].some((other) => other.pane !== pane && covers(other.pane, pane))) store.delete(name)
  }
  return new Map([...store].map(([name, { value }]) => [name, value]))
}

function covers(a: AnyPane, b: AnyPane): boolean {
  const [outer, inner] = [a.window, b.window] as readonly { readonly start: number; readonly end: number }[]
  return (
    outer !== undefined &&
    inner !== undefined &&
    sameValue(a.key, b.key) &&
    outer.start <= inner.start &&
    inner.end <= outer.end
  )
}
