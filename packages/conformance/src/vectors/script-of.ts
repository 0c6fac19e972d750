/**
 * Owns how the steps of a vector become a script: in parts, each of one step, or of records that stand in a row where
 * these are to come as one batch. What a vector expects is compared part by part.
 */
import type { ScriptRecord, ScriptStep } from '@tidemark/testing'
import type { VectorRecord, WindowVector } from './vector.ts'

/** Steps of a vector that are played together, as indexes into `steps`, and the script they make. */
export interface Part {
  readonly first: number
  readonly last: number
  readonly script: readonly ScriptStep[]
}

export interface ScriptOptions {
  /** 'perRecord': one record, one batch. 'joined': all records between two other steps are one batch. */
  readonly batches: 'perRecord' | 'joined'
  /** Where the state is saved and a fresh engine goes on from it: after the vector's step, or after every one. */
  readonly restarts: 'asWritten' | 'everyStep'
}

export interface VectorScript {
  readonly parts: readonly Part[]
  /** Record i of the vector stands for the value i in the script, so that keys and values can be any JSON. */
  readonly records: readonly VectorRecord[]
}

const RESTART: ScriptStep = { kind: 'restart' }

export function scriptOf(vector: WindowVector, options: ScriptOptions): VectorScript {
  const records: VectorRecord[] = []
  const parts: Part[] = []
  /** Records after the end of input come from another split, which joins then. */
  let split = 0
  let ended = false
  for (const [i, step] of vector.steps.entries()) {
    const script: ScriptStep[] = []
    for (const [what, of] of Object.entries(step)) {
      if (what === 'record') {
        if (ended) script.push({ kind: 'join', split: String(++split) })
        ended = false
        script.push({ kind: 'records', records: [scriptRecord(of as VectorRecord, String(split), records.length)] })
        records.push(of as VectorRecord)
      } else if (what === 'watermark') script.push({ kind: 'watermark', at: of as number })
      else if (what === 'clock') script.push({ kind: 'clock', to: of as number })
      else if (of === true) {
        script.push({ kind: 'end' })
        ended = true
      }
    }
    if (options.restarts === 'everyStep' || vector.snapshotAfter === i) script.push(RESTART)
    parts.push({ first: i, last: i, script })
  }
  const fails = vector.expect.find((entry) => entry.fails)?.step
  return { parts: options.batches === 'joined' ? joined(parts, fails) : parts, records }
}

function scriptRecord({ key, at }: VectorRecord, split: string, index: number): ScriptRecord {
  return { split, key: String(key), value: index, at }
}

/** Parts of bare records in a row become one batch; the step that must fail stays by itself. */
function joined(parts: readonly Part[], fails: number | undefined): readonly Part[] {
  const out: Part[] = []
  for (const part of parts) {
    const before = out.at(-1)
    const [a, b] = [before, part].map(recordsAlone)
    if (before === undefined || a === undefined || b === undefined || part.first === fails || before.last === fails)
      out.push(part)
    else
      out[out.length - 1] = {
        first: before.first,
        last: part.last,
        script: [{ kind: 'records', records: [...a, ...b] }],
      }
  }
  return out
}

function recordsAlone(part: Part | undefined): readonly ScriptRecord[] | undefined {
  const [step, ...more] = part?.script ?? []
  return step?.kind === 'records' && more.length === 0 ? step.records : undefined
}
