/**
 * Owns how a vector of splits is run: its steps as a script, so that what is judged is the watermark that sinks are
 * told, and not a part of the engine by itself. A watermark of a split is a record that proves it; a split that resumes
 * without one delivers a record that proves nothing.
 */
import { type Pipeline, collected, pipeline, punctuated } from '@tidemark/core'
import { type ScriptStep, scriptOf, simulate } from '@tidemark/testing'
import type { SplitVector } from './vector.ts'
import type { ScriptOptions } from './script-of.ts'
import { type Difference, messageOf } from './run-windows.ts'

interface Item {
  readonly proves: number | undefined
}

/** The first difference; undefined: the vector holds. */
export function runSplits(
  { steps, combined }: SplitVector,
  restarts: ScriptOptions['restarts'] = 'asWritten',
): Difference | undefined {
  const joined = new Set<string>()
  const parts = steps.map((step, i) => {
    const script = scriptOfStep(step, i, joined.has(step.split))
    joined.add(step.split)
    return restarts === 'everyStep' ? [...script, { kind: 'restart' as const }] : script
  })
  const run = simulate(proving(), scriptOf(parts.flat()), {
    record: (_, index) => ({ proves: steps[index]?.watermark }),
    onFailure: 'stop',
  })
  let next = 0
  for (const [i, part] of parts.entries()) {
    next += part.length
    const progress = run.steps[next - 1]?.progress
    const got = progress === undefined ? `the error ${messageOf(run.failure?.error)}` : shown(progress)
    const expected = String(combined[i])
    if (got !== expected) return { step: `step ${i} ${JSON.stringify(steps[i])}`, expected, got }
  }
  return undefined
}

/** What happens to a split in one step; it joins with its first. A record's value is the index of its step. */
function scriptOfStep(step: SplitVector['steps'][number], index: number, joined: boolean): readonly ScriptStep[] {
  const { split, watermark, idle, active, finished } = step
  const delivers = watermark !== undefined || active === true
  return [
    ...(joined ? [] : [{ kind: 'join' as const, split }]),
    ...(delivers ? [{ kind: 'records' as const, records: [{ split, key: '', value: index, at: 0 }] }] : []),
    ...(idle === true ? [{ kind: 'idle' as const, split }] : []),
    ...(finished === true ? [{ kind: 'finish' as const, split }] : []),
  ]
}

/** −∞ is none yet; +∞, after all splits have finished, is beyond JSON. */
function shown(watermark: number): string {
  return String(Number.isFinite(watermark) ? watermark : null)
}

function proving(): Pipeline<Item, Item> {
  return pipeline('splits')
    .from<Item>([])
    .eventTime({ timestamp: () => 0, watermark: punctuated<Item>(({ proves }) => proves) })
    .to(collected()) as Pipeline<Item, Item>
}
