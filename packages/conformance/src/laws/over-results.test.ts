/**
 * Law 14: an hour made of minutes equals the hour made of the records that were not too late for their minute, under
 * every policy and accumulation of the minutes, whatever is published in between.
 */
import {
  type LateRecord,
  type Pane,
  type Pipeline,
  type Results,
  type TimeWindow,
  collected,
  hopping,
  latestValues,
  monotonous,
  ms,
  pipeline,
} from '@tidemark/core'
import { type ScriptRecord, play, recordsOf, scripts } from '@tidemark/testing'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { numbered } from './cuts.ts'
import { LAW_MS, tryLaw } from './law.ts'
import { type Item, POLICIES, type Shape, WINDOWS, assignerOf, item, shapes, triggerOf } from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

type Outer = { readonly size: number; readonly every: number; readonly policy: Shape }
type OuterPane = Pane<string, { readonly sum: number; readonly parts: number }, TimeWindow>

/** The minutes alone. */
function minutesOf(inner: Shape): Results<string, number> {
  return pipeline('hours')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .name('minutes')
    .window(assignerOf(inner.windows), {
      trigger: triggerOf(inner),
      accumulation: inner.accumulation as 'accumulating',
      onTime: inner.onTime,
      closing: inner.closing,
      allowedLateness: ms(inner.latenessMs),
    })
    .lateTo(collected())
    .sum(({ value }) => value)
}

function hours(inner: Shape, outer: Outer, from: 'all' | 'completion'): Pipeline<OuterPane, Item> {
  return minutesOf(inner)
    .keyBy((_, { key }) => (key === 'a' ? 'a' : 'others'), { from })
    .name('hours')
    .window(hopping(ms(outer.size), { every: ms(outer.every) }), {
      trigger: triggerOf(outer.policy),
      onTime: outer.policy.onTime,
      closing: outer.policy.closing,
      accumulation: outer.policy.accumulation as 'accumulating',
    })
    .aggregate((a) => ({ sum: a.sum((value) => value), parts: a.count() }))
    .to(collected()) as unknown as Pipeline<OuterPane, Item>
}

/** Policies whose on-time pane comes at completion. */
const AT_COMPLETION = POLICIES.filter((name) => name !== 'emitOnClose' && name !== 'continuousRefinement')

const groupOf = (key: string): string => (key === 'a' ? 'a' : 'others')

/** Sums per outer window straight from the records, except those that were too late for their minute. */
function recomputed(
  records: readonly ScriptRecord[],
  inner: (at: number) => readonly TimeWindow[],
  outer: (at: number) => readonly TimeWindow[],
  refused: ReadonlySet<string>,
): ReadonlyMap<string, number> {
  const totals = new Map<string, number>()
  for (const { key, value, at } of records)
    for (const minute of inner(at)) {
      if (refused.has(`${value} ${minute.start}`)) continue
      for (const { start } of outer(minute.end - 1)) {
        const name = `${groupOf(key)} ${start}`
        totals.set(name, (totals.get(name) ?? 0) + value)
      }
    }
  return totals
}

/** What a key-value store ends with. */
async function stored<V>(panes: readonly unknown[]): Promise<readonly (readonly [string, TimeWindow, V])[]> {
  const store = latestValues<string, V, TimeWindow>()
  const writer = await store.open({ id: '0' } as never)
  await writer.write(panes as readonly Pane<string, V, TimeWindow>[])
  return [...store.entries()]
}

async function sums(panes: readonly OuterPane[]): Promise<ReadonlyMap<string, number>> {
  const entries = await stored<{ readonly sum: number }>(panes)
  return new Map(entries.map(([key, { start }, { sum }]) => [`${key} ${start}`, sum]))
}

const outers: fc.Arbitrary<Outer> = fc.record({
  size: fc.integer({ min: 10, max: 40 }),
  every: fc.integer({ min: 5, max: 40 }),
  policy: shapes(WINDOWS['tumbling'] as never, { accumulation: ['accumulating', 'retracting'] }),
})
const hoursOf = ({ size, every }: Outer, at: number): readonly TimeWindow[] =>
  hopping(ms(size), { every: ms(every) }).assign(at, undefined as never)

const aligned = fc.oneof(WINDOWS['tumbling'] as never, WINDOWS['hopping'] as never) as (typeof WINDOWS)[string]

const anyBounded: (typeof WINDOWS)[string] = fc.oneof(
  ...['tumbling', 'hopping', 'session', 'custom', 'merging'].map((name) => WINDOWS[name] as (typeof WINDOWS)[string]),
)

test('law 14: hours of minutes, by any policy of both', async () => {
  const cases: (readonly [readonly OuterPane[], ReadonlyMap<string, number>, string])[] = []
  let [tooLate, replaced] = [0, 0]
  tryLaw(
    2_000,
    fc.tuple(
      shapes(aligned, { accumulation: ['accumulating', 'retracting'] }),
      outers,
      scripts({ maxRecords: 25 }).map((script) => numbered(script)),
    ),
    ([inner, outer, script]) => {
      const { steps, engine } = play(hours(inner, outer, 'all'), script, item)
      const late = steps.flatMap((step) => step.late) as readonly LateRecord<Item>[]
      const refused = new Set(late.map(({ value, window }) => `${value.value} ${window?.start}`))
      const minutes = assignerOf(inner.windows).assign
      const wanted = recomputed(
        recordsOf(script),
        (at) => minutes(at, undefined as never),
        (at) => hoursOf(outer, at),
        refused,
      )
      // None is late by construction, nor too late.
      const counters = engine.windows[1]?.operator.stage.counters
      expect(counters?.tooLate).toBe(0)
      for (const { operator } of engine.windows) expect(operator.stage.entries).toBe(0)
      cases.push([steps.flatMap((step) => step.panes), wanted, String(script)])
      tooLate += refused.size
      replaced += (
        engine.counters.get([...engine.names].find(([node]) => node.op === 'keyResults')?.[0] as never) as unknown as {
          replaced: number
        }
      ).replaced
    },
  )
  for (const [panes, wanted, script] of cases) {
    const found = await sums(panes)
    expect(found, `by ${script}`).toEqual(wanted)
  }
  expect(tooLate).toBeGreaterThan(100)
  expect(replaced).toBeGreaterThan(1_000)
})

test.each(['all', 'completion'] as const)(
  'an hour is made of what its minutes end with, sessions included; from: %s',
  async (from) => {
    const cases: (readonly [inner: readonly unknown[], outer: Outer, panes: readonly OuterPane[], script: string])[] =
      []
    let withdrawn = 0
    tryLaw(
      2_000,
      fc.tuple(
        shapes(anyBounded, {
          accumulation: ['accumulating', 'retracting'],
          ...(from === 'completion' ? { policy: AT_COMPLETION, onTime: ['always'] } : {}),
        }),
        outers,
        scripts({ maxRecords: 15 }),
      ),
      ([inner, outer, script]) => {
        const minutes = play(minutesOf(inner).to(collected()), script, item)
        const { steps, engine } = play(hours(inner, outer, from), script, item)
        expect(engine.windows[1]?.operator.stage.counters.tooLate).toBe(0)
        cases.push([
          minutes.steps.flatMap((step) => step.panes),
          outer,
          steps.flatMap((step) => step.panes),
          String(script),
        ])
        const [node] = [...engine.names].find(([{ op }]) => op === 'keyResults') ?? []
        withdrawn += (engine.counters.get(node as never) as unknown as { readonly withdrawn: number }).withdrawn
      },
    )
    for (const [inner, outer, panes, script] of cases) {
      const wanted = new Map<string, number>()
      for (const [key, { end }, sum] of await stored<number>(inner))
        for (const { start } of hoursOf(outer, end - 1)) {
          const name = `${groupOf(key)} ${start}`
          wanted.set(name, (wanted.get(name) ?? 0) + sum)
        }
      const found = await sums(panes)
      expect(found, `by ${script}`).toEqual(wanted)
    }
    expect(withdrawn).toBeGreaterThan(100)
  },
)
