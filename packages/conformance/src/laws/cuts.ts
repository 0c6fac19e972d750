/** Owns the ways to cut a script's records into batches. */
import { type Script, type ScriptRecord, scripts } from '@tidemark/testing'
import * as fc from 'fast-check'

/**
 * Scripts in which the watermark follows the records. With several splits a batch has few records, so most have one.
 */
export function following(): fc.Arbitrary<Script> {
  return fc.oneof(
    { weight: 2, arbitrary: scripts({ watermarks: false }) },
    { weight: 1, arbitrary: scripts({ watermarks: false, splits: 3 }) },
  )
}

/** Records that follow each other as one step: one batch, until it is cut otherwise. */
export function inOneStep(script: Script): Script {
  const steps: Script['steps'][number][] = []
  for (const step of script.steps) {
    const last = steps.at(-1)
    if (step.kind === 'records' && last?.kind === 'records')
      steps[steps.length - 1] = { kind: 'records', records: [...last.records, ...step.records] }
    else steps.push(step)
  }
  return { steps, toString: script.toString }
}

export function oneByOne(records: readonly ScriptRecord[]): readonly (readonly ScriptRecord[])[] {
  return records.map((record) => [record])
}

/** The same script, the records between two watermarks in reverse. */
export function reversed(script: Script): Script {
  const out: Script['steps'][number][] = []
  let stretch: ScriptRecord[] = []
  const flush = (): void => {
    for (const record of stretch.toReversed()) out.push({ kind: 'records', records: [record] })
    stretch = []
  }
  for (const step of script.steps) {
    if (step.kind === 'records') stretch.push(...step.records)
    else {
      flush()
      out.push(step)
    }
  }
  flush()
  return { steps: out, toString: script.toString }
}

/** Values of their own, so that a record can be told by its value: powers of two, which come round after `most`. */
export function numbered(script: Script, most: number = Number.POSITIVE_INFINITY): Script {
  let next = 0
  const steps = script.steps.map((step) =>
    step.kind === 'records'
      ? { kind: step.kind, records: step.records.map((record) => ({ ...record, value: 2 ** (next++ % most) })) }
      : step,
  )
  return { steps, toString: script.toString }
}
