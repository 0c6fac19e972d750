/**
 * Every built-in aggregator under corrections: accumulators of results and of late records, stored as bytes and merged, say
 * what the aggregator's plain functions say of all records. And of windows over results where parts add up.
 */
import {
  type Aggregators,
  type AnyAggregator,
  type Pane,
  type Pipeline,
  type Sink,
  type TimeWindow,
  boundedOutOfOrderness,
  calendar,
  hopping,
  ms,
  pipeline,
  servedBy,
  tumbling,
} from '@tidemark/core'
import { quantiles } from '@tidemark/core/quantiles'
import { type Script, play, recordsOf, scripts } from '@tidemark/testing'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { LAW_MS, tryLaw } from './law.ts'
import { type Item, item } from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

type AnyPane = Pane<string, unknown>

const keeper: Sink<AnyPane> = {
  keepsAccumulators: true,
  open: async () => ({ write() {}, progress() {}, flush: async () => {}, close: async () => {} }),
}

/** What depends on the order of arrival is asked for what does not. */
const all = (a: Aggregators<Item>) => ({
  count: a.count(),
  sum: a.sum(({ value }) => value),
  mean: a.mean(({ value }) => value),
  min: a.min(({ value }) => value),
  max: a.max(({ value }) => `${value}`),
  variance: a.variance(({ value }) => value),
  first: a.first(({ at }) => at),
  last: a.last(({ at }) => at),
  collect: a.collect({ max: 1_000, of: ({ value }) => value }),
  distinct: a.distinct(({ value }) => value),
  topK: a.topK(({ value }) => value, { k: 3 }),
  reduce: a.reduce((x, y) => (x.value > y.value || (x.value === y.value && x.at > y.at) ? x : y)),
  fold: a.fold({ create: () => 0, add: (n: number, { value }) => n + value * value, merge: (x, y) => x + y }),
  quantiles: quantiles(({ value }: Item) => value, { at: [0.5, 0.9] }),
})

const WINDOWS = {
  tumbling: tumbling('10ms'),
  hopping: hopping('12ms', { every: '5ms' }),
  calendar: calendar('day', { timeZone: 'UTC' }),
}
/** Days are long: records whose window is freed are those before midnight that come after it. */
const BY_MIDNIGHT = { from: -4, minRecords: 8, disorder: 40 }
const how = fc.record({ latenessMs: fc.constantFrom(0, 4, 60_000, 1_000_000_000) })

/** Accumulators of each window, newest version and all corrections, merged; as its user sees them. */
function read(of: Pipeline<AnyPane, Item>, script: Script): { readonly rows: Map<string, unknown>; corrected: number } {
  const served = servedBy(of as Pipeline<unknown>)
  const parts = new Map<string, { value?: Uint8Array; readonly corrections: Map<string, Uint8Array> }>()
  let corrected = 0
  for (const pane of play(of as never, script, item as never).steps.flatMap((step) => step.panes as AnyPane[])) {
    const name = JSON.stringify([pane.key, pane.window.start, pane.window.end])
    const found = parts.get(name) ?? { corrections: new Map<string, Uint8Array>() }
    parts.set(name, found)
    if (pane.kind === 'correction') {
      corrected++
      expect(found.corrections.has(pane.id)).toBe(false)
      found.corrections.set(pane.id, pane.delta)
    } else if (pane.kind === 'value') {
      expect(pane.accumulator).toBeInstanceOf(Uint8Array)
      found.value = pane.accumulator as Uint8Array
    }
  }
  const rows = new Map<string, unknown>()
  for (const [name, { value, corrections }] of parts) {
    const bytes = [...(value === undefined ? [] : [value]), ...corrections.values()]
    const whole = bytes.map((one) => served.decode(one)).reduce((a, b) => served.merge(a, b))
    rows.set(name, served.value(whole, {} as never)?.value)
  }
  return { rows, corrected }
}

function shown(value: Record<string, unknown>): unknown {
  const collect = [...(value['collect'] as number[])].sort((a, b) => a - b)
  const variance = value['variance'] as number
  return { ...value, collect, variance: Number.isNaN(variance) ? 'NaN' : variance.toFixed(6) }
}

test.each(Object.entries(WINDOWS))('every aggregator, %s', (kind, assigner) => {
  let corrected = 0
  tryLaw(150, fc.tuple(scripts(kind === 'calendar' ? BY_MIDNIGHT : {}), how), ([script, { latenessMs }]) => {
    let parts: { readonly [name: string]: AnyAggregator<Item> } = {}
    const of = pipeline('p')
      .from<Item>([])
      .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('2ms') })
      .keyBy(({ key }) => key)
      .window(assigner, { allowedLateness: ms(latenessMs) })
      .aggregate((a) => {
        const chosen = all(a)
        parts = chosen
        return chosen
      })
      .to(keeper as never) as unknown as Pipeline<AnyPane, Item>
    const found = read(of, script)
    corrected += found.corrected
    const windows = new Map<string, Item[]>()
    for (const { key, value, at } of recordsOf(script)) {
      const one = item(key, value, at)
      for (const { start, end } of assigner.assign(at, one as never) as readonly TimeWindow[]) {
        const name = JSON.stringify([key, start, end])
        windows.set(name, [...(windows.get(name) ?? []), one])
      }
    }
    const expected = [...windows].map(([name, items]) => [
      name,
      shown(
        Object.fromEntries(
          Object.entries(parts).map(([as, { create, add, result }]) => [
            as,
            result(items.reduce((acc: unknown, one) => add(acc, one, { eventTime: one.at } as never), create())),
          ]),
        ),
      ),
    ])
    expect(new Map([...found.rows].map(([name, row]) => [name, shown(row as Record<string, unknown>)]))).toEqual(
      new Map(expected as [string, unknown][]),
    )
  })
  expect(corrected).toBeGreaterThan(0)
})

test('windows over results whose parts add up: sums of all records', () => {
  let corrected = 0
  const sizes = fc.constantFrom('5ms' as const, '10ms' as const, '20ms' as const)
  tryLaw(250, fc.tuple(scripts(), how, sizes, fc.boolean()), ([script, { latenessMs }, outer, each]) => {
    const window = { allowedLateness: ms(latenessMs) }
    const of = pipeline('p')
      .from<Item>([])
      .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('2ms') })
      .keyBy(({ key }) => key)
      .window(each ? hopping('10ms', { every: '5ms' }) : tumbling('5ms'), window)
      .sum(({ value }) => value)
      .map((sum) => ({ twice: 2 * sum }))
      .keyBy(() => 'all', { corrections: 'add' })
      .window(tumbling(outer))
      .sum(({ twice }) => twice)
      .to(keeper as never) as unknown as Pipeline<AnyPane, Item>
    const found = read(of, script)
    corrected += found.corrected
    const size = Number.parseInt(outer, 10)
    const expected = new Map<string, number>()
    const inner = each ? hopping('10ms', { every: '5ms' }) : tumbling('5ms')
    for (const { value, at } of recordsOf(script))
      for (const { end } of inner.assign(at, undefined as never) as readonly TimeWindow[]) {
        const start = Math.floor((end - 1) / size) * size
        const name = JSON.stringify(['all', start, start + size])
        expected.set(name, (expected.get(name) ?? 0) + 2 * value)
      }
    expect(found.rows).toEqual(expected)
  })
  expect(corrected).toBeGreaterThan(0)
})
