/** Owns what the slow reference makes of a vector: the panes of each step, and where its run stops with an error. */
import {
  type OracleOptions,
  type OracleStep,
  type OracleTrigger,
  type OracleWindows,
  type ScriptStep,
  oracle,
  scriptOf,
} from '@tidemark/testing'
import type { VectorStep, WindowVector } from './vector.ts'

export interface ByOracle {
  /** What comes out of each step before the failure. */
  readonly steps: readonly OracleStep[]
  /** The step at which the suppression buffer is full and must fail. */
  readonly fails: number | undefined
}

type Values = readonly number[]

const aggregates: { readonly [name in WindowVector['aggregate']]: (values: Values) => unknown } = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  count: (values) => values.length,
  min: (values) => (values.length === 0 ? undefined : Math.min(...values)),
  max: (values) => (values.length === 0 ? undefined : Math.max(...values)),
  collect: (values) => values,
}

/** For vectors whose keys are texts and whose values are numbers. */
export function byOracle(vector: WindowVector): ByOracle {
  const steps = vector.steps.map(stepOf)
  const options = optionsOf(vector)
  const played = (count: number): readonly OracleStep[] => oracle(scriptOf(steps.slice(0, count)), options)
  try {
    return { steps: played(steps.length), fails: undefined }
  } catch (error) {
    if (!String(error).includes('The suppression buffer holds')) throw error
  }
  let fails = 0
  while (!isFull(() => played(fails + 1))) fails++
  return { steps: played(fails), fails }
}

function isFull(play: () => unknown): boolean {
  try {
    play()
    return false
  } catch {
    return true
  }
}

function optionsOf({ window, watermark, ...vector }: WindowVector): OracleOptions {
  return {
    windows: (window.kind === 'global' ? { kind: 'one' } : window) as OracleWindows,
    trigger: vector.trigger as OracleTrigger,
    accumulation: vector.accumulation,
    onTime: vector.onTime,
    closing: vector.closing,
    latenessMs: vector.allowedLateness,
    aggregate: aggregates[vector.aggregate],
    ...(watermark === 'explicit' ? {} : { boundMs: watermark.boundedOutOfOrderness }),
  }
}

/** The reference knows no restarts: a step without anything is one. */
function stepOf({ record, watermark, clock, end }: VectorStep): ScriptStep {
  if (record !== undefined)
    return {
      kind: 'records',
      records: [{ split: '0', key: record.key as string, value: record.value as number, at: record.at }],
    }
  if (watermark !== undefined) return { kind: 'watermark', at: watermark }
  if (clock !== undefined) return { kind: 'clock', to: clock }
  return end === true ? { kind: 'end' } : { kind: 'restart' }
}
