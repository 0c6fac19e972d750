/**
 * Law 3: for records that are not late the on-time value does not depend on their order. Law 12: nor do the sessions.
 * Law 13: after the last watermark the stream equals the batch recomputation, over all records that were not too late.
 */
import {
  type LateRecord,
  type Pipeline,
  type TimeWindow,
  boundedOutOfOrderness,
  collected,
  ms,
  pipeline,
  session,
} from '@tidemark/core'
import { type Script, type ScriptRecord, finals, play, recordsOf, scriptOf, scripts, simulate } from '@tidemark/testing'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { numbered, reversed } from './cuts.ts'
import { LAW_MS, tryLaw } from './law.ts'
import { type Item, POLICIES, type Shape, type SumPane, WINDOWS, assignerOf, item, shapes, summing } from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

const aligned = fc.oneof(
  WINDOWS['tumbling'] as never,
  WINDOWS['hopping'] as never,
  WINDOWS['custom'] as never,
) as (typeof WINDOWS)[string]

/** Policies whose on-time pane comes at completion. The others' last panes depend on how far the watermark jumps. */
const AT_COMPLETION = POLICIES.filter((name) => name !== 'emitOnClose' && name !== 'continuousRefinement')

/** What a store ends with, for panes from completion on. */
function onTimeValues(panes: readonly SumPane[]): ReadonlyMap<string, number> {
  return new Map(
    panes
      .filter(({ timing }) => timing === 'on-time')
      .map(({ key, window, value }) => [`${key} ${JSON.stringify(window)}`, value]),
  )
}

test('law 3: on-time values do not depend on the order of arrival', () => {
  let compared = 0
  tryLaw(
    1_000,
    fc.tuple(
      shapes(aligned, { accumulation: ['accumulating'] }),
      scripts({ nothingLate: true, clock: false }),
      fc.nat(),
    ),
    ([shape, script, seed]) => {
      const run = simulate(summing(shape), script, { record: item })
      const again = simulate(summing(shape), reversed(script), { record: item })
      expect(onTimeValues(again.panes)).toEqual(onTimeValues(run.panes))
      compared += onTimeValues(run.panes).size
      run.permutations({ seed, runs: 2 }).sameResults()
    },
  )
  expect(compared).toBeGreaterThan(1_000)
})

test('law 3 where the watermark follows the records: any order within the bound', () => {
  const orders = fc.tuple(
    shapes(aligned, { accumulation: ['accumulating'], onTime: ['always'], policy: AT_COMPLETION }),
    scripts({ watermarks: false, clock: false, disorder: 0 }),
    fc.infiniteStream(fc.integer({ min: 0, max: 20 })),
  )
  tryLaw(1_000, orders, ([shape, script, delays]) => {
    const records = recordsOf(script)
    const late = records
      .map((record) => ({ record, at: record.at + (delays.next().value as number) }))
      .toSorted((a, b) => a.at - b.at)
    const arriving = (list: readonly ScriptRecord[]): Script =>
      scriptOf([...list.map((record) => ({ kind: 'records' as const, records: [record] })), { kind: 'end' }])
    const values = (list: readonly ScriptRecord[]): ReadonlyMap<string, number> =>
      onTimeValues(simulate(summing(shape, boundedOutOfOrderness('20ms')), arriving(list), { record: item }).panes)
    const [inOrder, disordered] = [values(records), values(late.map(({ record }) => record))]
    expect(disordered).toEqual(inOrder)
  })
})

test('law 12: any order of records that are not late gives the same sessions', () => {
  let compared = 0
  tryLaw(
    2_000,
    fc.tuple(
      shapes(WINDOWS['session'] as never, { accumulation: ['accumulating'] }),
      scripts({ nothingLate: true }),
      fc.nat(),
    ),
    ([shape, script, seed]) => {
      const settled = (run: { readonly panes: readonly SumPane[] }): readonly string[] =>
        run.panes
          .filter(({ timing }) => timing !== 'early')
          .map(({ key, window, value }) => `${key} ${window.start} ${window.end} ${value}`)
          .toSorted()
      const run = simulate(summing(shape), script, { record: item })
      const again = simulate(summing(shape), reversed(script), { record: item })
      if (shape.closing === 'nonEmpty') expect(settled(again)).toEqual(settled(run))
      else expect(new Set(settled(again))).toEqual(new Set(settled(run)))
      compared += settled(run).length
      run.permutations({ seed, runs: 1 }).sameResults()
    },
  )
  expect(compared).toBeGreaterThan(2_000)
})

interface Total {
  readonly key: string
  readonly window: TimeWindow
  value: number
  records: number
}

/** All records at once, without any watermark, except those that the stream refused for this window. */
function batch(records: readonly ScriptRecord[], shape: Shape, refused: ReadonlySet<string>): readonly Total[] {
  const totals = new Map<string, Total>()
  for (const { key, value, at } of records) {
    for (const window of assignerOf(shape.windows).assign(at, undefined as never)) {
      const { start, end } = window
      if (refused.has(`${value} ${start} ${end}`)) continue
      const name = `${key} ${JSON.stringify(window)}`
      const total = totals.get(name) ?? { key, window, value: 0, records: 0 }
      total.value += value
      total.records++
      totals.set(name, total)
    }
  }
  return [...totals.values()]
}

function withLateOutput(shape: Shape): Pipeline<SumPane, Item> {
  // As summing, with a late output: what was too late is to be named.
  const { latenessMs } = shape
  return pipeline('law')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('5ms') })
    .keyBy(({ key }) => key)
    .window(assignerOf(shape.windows), { allowedLateness: ms(latenessMs) })
    .lateTo(collected())
    .sum(({ value }) => value)
    .to(collected()) as unknown as Pipeline<SumPane, Item>
}

test.each(['script', 'records'] as const)(
  'law 13: final values equal the batch recomputation; watermarks by the %s',
  (by) => {
    let [tooLate, compared] = [0, 0]
    tryLaw(
      1_000,
      fc.tuple(
        shapes(aligned),
        scripts({ watermarks: by === 'script' }).map((script) => numbered(script, 50)),
      ),
      ([shape, script]) => {
        const run = simulate(withLateOutput(shape), script, { record: item })
        const refused = new Set(
          (run.late as readonly LateRecord<Item>[]).map(
            ({ value, window }) => `${value.value} ${window?.start} ${window?.end}`,
          ),
        )
        const streamed = finals(run.panes).map(({ key, window, value, records }) => ({
          key,
          window: { ...window },
          value,
          records,
        }))
        const name = (total: { readonly key: string; readonly window: object }): string =>
          `${total.key} ${JSON.stringify(total.window)}`
        const sorted = <T extends { readonly key: string; readonly window: object }>(
          totals: readonly T[],
        ): readonly T[] => totals.toSorted((a, b) => (name(a) < name(b) ? -1 : 1))
        expect(sorted(streamed)).toEqual(sorted(batch(recordsOf(script), shape, refused)))
        tooLate += refused.size
        compared += streamed.length
      },
    )
    expect(tooLate).toBeGreaterThan(100)
    expect(compared).toBeGreaterThan(1_000)
  },
)

test('law 13 for sessions: gaps of the accepted records alone', () => {
  let refusals = 0
  tryLaw(
    1_000,
    fc.tuple(
      scripts().map((script) => numbered(script, 50)),
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 0, max: 30 }),
    ),
    ([script, gap, latenessMs]) => {
      const line = pipeline('law')
        .from<Item>([])
        .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('5ms') })
        .keyBy(({ key }) => key)
        .window(session(ms(gap)), { allowedLateness: ms(latenessMs) })
        .lateTo(collected())
        .sum(({ value }) => value)
        .to(collected())
      const { steps } = play(line, script, item)
      const refused = new Set(steps.flatMap(({ late }) => late).map(({ value }) => (value as Item).value))
      refusals += refused.size
      // Values are powers of two: a session became part of a later one if its records did. (Bounds do not tell: a late
      // record may join a session that lives on, across one that is freed and final.)
      const panes = finals(steps.flatMap((step) => step.panes) as unknown as readonly SumPane[])
      const within = (a: SumPane, b: SumPane): boolean => (BigInt(a.value) & ~BigInt(b.value)) === 0n
      const last = panes.filter((pane) => !panes.some((other) => other !== pane && within(pane, other)))
      const accepted = recordsOf(script).filter(({ value }) => !refused.has(value))
      expect(last.reduce((sum, { value }) => sum + value, 0)).toBe(accepted.reduce((sum, { value }) => sum + value, 0))
      expect(last.reduce((sum, { records }) => sum + records, 0)).toBe(accepted.length)
      for (const { key, value, at } of accepted)
        expect(
          last.filter(
            (pane) =>
              pane.key === key &&
              pane.window.start <= at &&
              at + gap <= pane.window.end &&
              Math.floor(pane.value / value) % 2 === 1,
          ),
        ).toHaveLength(1)
    },
  )
  expect(refusals).toBeGreaterThan(100)
})
