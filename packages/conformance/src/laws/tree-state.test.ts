/**
 * Triggers composed at random: laws 7, 8 and 12, what a store ends with and what an engine keeps. Windows end with the
 * same whatever was published in between, and nothing is left of them.
 */
import { type TimeWindow, latestValues } from '@tidemark/core'
import { type OracleWindows, oracle, play, scripts, simulate } from '@tidemark/testing'
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { numbered, reversed } from './cuts.ts'
import { Depths } from './depths.ts'
import { LAW_MS, tryLaw, tryLawAsync } from './law.ts'
import { triggerOf } from '../trigger-of.ts'
import { liveIn, owedAfterCompletion } from './live-state.ts'
import { isMerging } from './lives.ts'
import { WINDOWS, anyWindows, item, shapes } from './shapes.ts'
import {
  type TreePane,
  type TreeShape,
  endsWith,
  gateOf,
  gates,
  summingTree,
  treeShapes,
  triggers,
} from './tree-shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

const alone: fc.Arbitrary<OracleWindows> = fc.oneof(
  ...['tumbling', 'hopping', 'slidingByRecord', 'one', 'custom'].map(
    (name) => WINDOWS[name] as fc.Arbitrary<OracleWindows>,
  ),
)
const sessions: fc.Arbitrary<OracleWindows> = fc.oneof(
  WINDOWS['session'] as fc.Arbitrary<OracleWindows>,
  WINDOWS['merging'] as fc.Arbitrary<OracleWindows>,
)

const nameOf = ({ key, window }: { readonly key: string; readonly window: object | undefined }): string => {
  const { start } = (window ?? {}) as Partial<TimeWindow>
  return start === undefined || start === Number.NEGATIVE_INFINITY ? `${key} one` : `${key} ${JSON.stringify(window)}`
}

/** What a key-value store holds after these panes. */
async function stored(panes: readonly TreePane[]): Promise<ReadonlyMap<string, number>> {
  const store = latestValues<string, number>()
  const writer = await store.open({ id: '0' } as never)
  await writer.write(panes)
  return new Map([...store.entries()].map(([key, window, value]) => [nameOf({ key, window }), value]))
}

/** What it must hold, by the slow reference. */
function wanted(script: Parameters<typeof oracle>[0], shape: TreeShape): ReadonlyMap<string, unknown> {
  const last = oracle(script, endsWith(shape)).flatMap(({ panes }) => panes.filter(({ kind }) => kind === 'value'))
  const gone = oracle(script, endsWith(shape)).flatMap(({ panes }) => panes.filter(({ kind }) => kind === 'retraction'))
  expect(gone, 'a window that is shown once is not withdrawn').toEqual([])
  return new Map(last.map((pane) => [nameOf(pane), pane.value]))
}

const panesOf = (shape: TreeShape, script: Parameters<typeof play>[1], gate = 9): readonly TreePane[] =>
  play(summingTree(shape, gateOf(shape, gate)), script, item).steps.flatMap((step) => step.panes)

test('law 7: differences add up to the whole values, pane by pane', () => {
  let panes = 0
  const depths = new Depths()
  tryLaw(2_000, fc.tuple(treeShapes(alone, { accumulation: ['discarding'] }), scripts()), ([shape, script]) => {
    depths.add(shape.trigger)
    const deltas = panesOf(shape, script) as readonly (TreePane & { readonly value: number })[]
    const whole = panesOf({ ...shape, accumulation: 'accumulating' }, script)
    const sums = new Map<string, number>()
    const added = deltas.map((pane) => {
      const value = (sums.get(nameOf(pane)) ?? 0) + pane.value
      sums.set(nameOf(pane), value)
      return { ...pane, kind: 'value', value }
    })
    expect(added).toEqual(whole)
    panes += added.length
  })
  depths.check()
  expect(panes).toBeGreaterThan(5_000)
})

test('law 7 for sessions: each record is told of in one difference', () => {
  let panes = 0
  const depths = new Depths()
  const input = fc.tuple(
    treeShapes(sessions, { accumulation: ['discarding'] }),
    scripts().map((script) => numbered(script)),
  )
  tryLaw(2_000, input, ([shape, script]) => {
    depths.add(shape.trigger)
    const total = (panes: readonly { readonly value?: unknown }[]): number =>
      panes.reduce((sum, { value }) => sum + (value as number), 0)
    const deltas = panesOf(shape, script)
    expect(total(deltas as never)).toBe(
      [...wanted(script, shape).values()].reduce<number>((sum, value) => sum + (value as number), 0),
    )
    panes += deltas.length
  })
  depths.check()
  expect(panes).toBeGreaterThan(5_000)
})

describe('law 7: panes and retractions leave the final state in a store, whatever a gate thins out', () => {
  test.each(['accumulating', 'retracting'] as const)('%s', async (accumulation) => {
    let retractions = 0
    const depths = new Depths()
    const windows = fc.oneof({ weight: 3, arbitrary: alone }, { weight: 4, arbitrary: sessions })
    const input = fc.tuple(treeShapes(windows, { accumulation: [accumulation] }, triggers), gates, scripts())
    await tryLawAsync(3_000, input, async ([shape, gate, script]) => {
      depths.add(shape.trigger)
      const panes = panesOf(shape, script, gate)
      expect(await stored(panes)).toEqual(wanted(script, shape))
      retractions += panes.filter(({ kind }) => kind === 'retraction').length
    })
    depths.check()
    expect(retractions).toBeGreaterThan(500)
  })
})

test('law 12: any order of records that are not late leaves the same sessions in a store', async () => {
  let compared = 0
  const depths = new Depths()
  const input = fc.tuple(
    treeShapes(sessions, { accumulation: ['accumulating', 'retracting'] }),
    scripts({ nothingLate: true }),
    fc.nat(),
  )
  await tryLawAsync(2_000, input, async ([shape, script, seed]) => {
    depths.add(shape.trigger)
    const before = await stored(panesOf(shape, script))
    expect(await stored(panesOf(shape, reversed(script)))).toEqual(before)
    if (seed % 4 === 0)
      simulate(summingTree(shape), script, { record: item }).permutations({ seed, runs: 1 }).sameResults()
    compared += before.size
  })
  depths.check()
  expect(compared).toBeGreaterThan(2_000)
})

test('law 8: bounded state, nothing left', () => {
  let held = 0
  tryLaw(2_500, fc.tuple(treeShapes(anyWindows), scripts()), ([shape, script]) => {
    const { engine } = play(summingTree(shape), script, item, {
      afterStep: ({ task, windows: [window] }, i) => {
        const { entries } = window?.operator.stage ?? { entries: 0 }
        held += entries
        const opens = window?.operator.open(1_000) ?? []
        if (opens.length > 0 !== entries > 0)
          throw new Error(`${opens.length} windows open of ${entries} entries at step ${i}`)
        for (const { window: bounds, completesAt } of opens) {
          if (completesAt === Number.POSITIVE_INFINITY) continue
          const { end } = bounds as TimeWindow
          if (completesAt !== end + (isMerging(shape.windows) ? 1 : 0))
            throw new Error(`${end} completes at ${completesAt}`)
          if (completesAt + shape.latenessMs <= task.cursor.watermark) throw new Error(`a freed window at step ${i}`)
        }
      },
    })
    const [window] = engine.windows
    expect(window?.operator.stage.entries).toBe(0)
    expect(window?.operator.nextDue).toBe(Number.POSITIVE_INFINITY)
    expect(engine.task.openWindows()).toEqual([])
    expect(liveIn(engine.task.save().operators)).toBe(0)
  })
  expect(held).toBeGreaterThan(5_000)
})

test('a trigger that promises it leaves nothing that came in time pending at completion, whatever gate there is', () => {
  const seen = { promised: 0, others: 0 }
  tryLaw(
    2_500,
    fc.tuple(treeShapes(anyWindows, { latenessMs: [30] }, triggers), gates, scripts()),
    ([shape, n, script]) => {
      const promises = triggerOf(shape.trigger as never).emitsAtCompletion
      play(summingTree(shape, gateOf(shape, n)), script, item, {
        afterStep: ({ task }, i) => {
          if (script.steps[i]?.kind !== 'watermark') return
          const owed = owedAfterCompletion(task.save().operators['window'])
          if (promises) expect(owed, `${owed} keys of complete windows pending after step ${i}`).toBe(0)
          seen[promises ? 'promised' : 'others'] += promises ? 1 : owed
        },
      })
    },
  )
  expect(seen.promised).toBeGreaterThan(1_000)
  expect(seen.others).toBeGreaterThan(1_000)
})

test('the reference for stores can tell', () => {
  const shapeOf = (size: number): TreeShape => ({
    ...(fc.sample(shapes(fc.constant({ kind: 'session', gap: size })), { numRuns: 1, seed: 1 })[0] as TreeShape),
    latenessMs: 0,
    trigger: 'never',
  })
  const [script] = fc.sample(scripts({ minRecords: 9, nothingLate: true }), { numRuns: 1, seed: 3 }) as [
    Parameters<typeof oracle>[0],
  ]
  expect(wanted(script, shapeOf(1))).not.toEqual(wanted(script, shapeOf(9)))
})
