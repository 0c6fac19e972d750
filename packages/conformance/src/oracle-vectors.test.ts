/**
 * The slow reference against every vector: panes that Beam, Flink and Kafka Streams themselves produced, and tables of
 * the literature. A reference that no engine but ours agrees with would prove nothing.
 */
import {
  type OracleOptions,
  type OraclePane,
  type OracleTrigger,
  type OracleWindows,
  type ScriptStep,
  oracle,
  scriptOf,
} from '@tidemark/testing'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ExpectedPane, Vector } from './vector-runner.ts'

const read = (file: string): readonly Vector[] =>
  JSON.parse(readFileSync(new URL(`../vectors/${file}.json`, import.meta.url), 'utf8')) as readonly Vector[]

const aggregates: { readonly [name in Vector['aggregate']]: (values: readonly number[]) => unknown } = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  count: (values) => values.length,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  collect: (values) => values,
}

function optionsOf({ window, watermark, ...vector }: Vector): OracleOptions {
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

function stepOf({ record, watermark, clock }: Vector['steps'][number]): ScriptStep {
  if (record !== undefined) return { kind: 'records', records: [{ split: '0', ...record }] }
  if (watermark !== undefined) return { kind: 'watermark', at: watermark }
  return clock === undefined ? { kind: 'end' } : { kind: 'clock', to: clock }
}

/** What a vector compares of a pane: of a retraction key, window and value alone. */
function compared(pane: ExpectedPane, fields: readonly string[]): string {
  const { key, window, value, retract = false } = pane
  const shown = retract ? [] : fields.filter((name) => name !== 'value').map((name) => [name, pane[name]])
  return JSON.stringify({ key, window, value: inOrder(value), retract, ...Object.fromEntries(shown) })
}

function inOrder(value: unknown): unknown {
  return Array.isArray(value) ? (value as readonly number[]).toSorted((a, b) => a - b) : value
}

function asExpected({ kind, window, ...pane }: OraclePane): ExpectedPane {
  return { ...pane, window: window === undefined ? null : [window.start, window.end], retract: kind === 'retraction' }
}

describe.each([
  ['beam', 189],
  ['flink', 215],
  ['kafka-streams', 158],
  ['kafka-streams-overflow', 2],
  ['literature', 26],
] as const)('%s', (file, count) => {
  const vectors = read(file)

  test('all of them', () => {
    expect(vectors).toHaveLength(count)
  })

  test.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const steps = vector.steps.map(stepOf)
    const fails = vector.expect.find((entry) => entry.fails === true)?.step ?? steps.length
    if (fails < steps.length)
      expect(() => oracle(scriptOf(steps.slice(0, fails + 1)), optionsOf(vector))).toThrow(
        'The suppression buffer holds',
      )
    const found = oracle(scriptOf(steps.slice(0, fails)), optionsOf(vector))
    expect(found).toHaveLength(fails)
    const names = (list: readonly ExpectedPane[]): readonly string[] =>
      list.map((pane) => compared(pane, vector.compare)).toSorted()
    for (const [i, { panes, tooLate }] of found.entries()) {
      const expected = vector.expect.find((entry) => entry.step === i)
      const counted = vector.compareTooLate === true
      // The step stands in what is compared, so that a failure names it.
      expect({ i, step: vector.steps[i], panes: names(panes.map(asExpected)), tooLate: counted ? tooLate : 0 }).toEqual(
        {
          i,
          step: vector.steps[i],
          panes: names(expected?.panes ?? []),
          tooLate: counted ? (expected?.tooLate ?? 0) : 0,
        },
      )
    }
  })
})
