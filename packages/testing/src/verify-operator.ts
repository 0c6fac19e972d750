/**
 * Owns the ways in which the same input must give the same panes: record by record, all at once, into a sink that is
 * always full, and with a restart after every step; and that nothing is left behind.
 */
import type { Compiled, Pipeline } from '@tidemark/core'
import { type MakeRecord, type PlayOptions, play } from './play.ts'
import type { Script, ScriptRecord } from './script.ts'
import { entriesOf, samePanes } from './simulate.ts'

export interface VerifyOperatorOptions<In> {
  /** Makes what the source would deliver from a record of the script. */
  readonly record: MakeRecord<In>
}

const oneByOne = (records: readonly ScriptRecord[]): readonly (readonly ScriptRecord[])[] =>
  records.map((record) => [record])

const WAYS: readonly (readonly [name: string, options: PlayOptions])[] = [
  ['all at once', {}],
  ['into a sink that is always full', { batches: oneByOne, drainLimit: 1 }],
  ['with a restart after every step', { batches: oneByOne, crash: true }],
  ['again', { batches: oneByOne }],
]

/**
 * Throws a plain Error if a pipeline's panes (in every field, and in order), late records or dead letters depend on how
 * its input was delivered; or if, after a script that ends its input, state is left.
 * @example verifyOperator(pageStats, script`a=5@00:26 a=3@00:40 | watermark 2m | end`, { record: (key, value, at) => ({ page: key, value, at }) })
 */
export function verifyOperator<P, In>(
  pipeline: Pipeline<P, In>,
  script: Script,
  options: VerifyOperatorOptions<NoInfer<In>>,
): void {
  const { record } = options
  // Records that follow each other are one batch where all come at once: a step of the script may hold one only.
  const joined = joinBatches(script)
  const first = play(pipeline, joined, record, { batches: oneByOne })
  const ended = script.steps.at(-1)?.kind === 'end'
  if (ended) nothingLeft(first.engine, 'one by one', script)
  for (const [name, how] of WAYS) {
    const other = play(pipeline, joined, record, how)
    for (const [i, step] of first.steps.entries()) {
      const again = other.steps[i]
      if (again === undefined) throw new Error('a step is missing')
      const at = `${name}, at step ${i} of: ${String(joined)}`
      samePanes(step.panes, again.panes, at)
      samePanes(step.late, again.late, `(a late record) ${at}`)
      samePanes(step.deadLetters, again.deadLetters, `(a dead letter) ${at}`)
      if (step.progress !== again.progress)
        throw new Error(`The watermark is ${again.progress} instead of ${step.progress} ${at}`)
    }
    if (ended) nothingLeft(other.engine, name, script)
  }
}

/** Throws if an engine still keeps something of a window. */
export function nothingLeft(engine: Compiled, when: string, script: Script): void {
  const entries = entriesOf(engine)
  const open = engine.task.openWindows()
  if (entries === 0 && open.length === 0) return
  throw new Error(
    `State is left after the end of input, ${when}: ${entries} entries, ${open.length === 0 ? 'no open window' : `open ${JSON.stringify(open[0]?.window)}`}.\n  ${String(script)}`,
  )
}

function joinBatches(script: Script): Script {
  const steps: Script['steps'][number][] = []
  for (const step of script.steps) {
    const last = steps.at(-1)
    if (step.kind === 'records' && last?.kind === 'records')
      steps[steps.length - 1] = { kind: 'records', records: [...last.records, ...step.records] }
    else steps.push(step)
  }
  return { steps, toString: script.toString }
}
