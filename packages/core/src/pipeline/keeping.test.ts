import { describe, expect, test } from 'vitest'
import { collected } from '../io/memory-sinks.ts'
import type { Sink } from '../io/sink.ts'
import type { Correction, Pane } from '../pane/pane.ts'
import { pipeline } from '../runtime/start.ts'
import { monotonous } from '../time/watermark.ts'
import { hopping } from '../window/hopping.ts'
import { oneWindow } from '../window/one-window.ts'
import { slidingByRecord } from '../window/sliding-by-record.ts'
import { tumbling } from '../window/tumbling.ts'
import { merge } from './builders.ts'
import { engineOf, servedBy } from './pipeline.ts'

type SumPane = Pane<string, number>
interface Item {
  readonly at: number
  readonly v: number
}

function keeper(): { readonly sink: Sink<SumPane>; readonly panes: SumPane[] } {
  const panes: SumPane[] = []
  const write = (batch: readonly SumPane[]): void => void panes.push(...batch)
  const open = async () => ({ write, progress() {}, flush: async () => {}, close: async () => {} })
  return { sink: { kind: 'keeper', keepsAccumulators: true, open }, panes }
}

const ITEMS: readonly Item[] = [
  { at: 1, v: 5 },
  { at: 2, v: 2 },
  { at: 12, v: 100 },
  { at: 3, v: 40 },
  { at: 31, v: 1 },
]
const sums = (items: readonly Item[] = ITEMS) =>
  pipeline('sums')
    .from(items)
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(() => 'k')
    .window(tumbling('10ms'))
    .sum(({ v }) => v)

const shown = (panes: readonly SumPane[]): readonly unknown[] =>
  panes.map((pane) => [pane.kind, pane.window.start, 'value' in pane ? pane.value : pane.id])

describe.each([true, false])('generated code: %s', (generateCode) => {
  test('only a sink that keeps accumulators gets them, panes that a filter leaves out, and corrections', async () => {
    const plain = collected<SumPane>()
    const { sink, panes } = keeper()
    const job = sums()
      .map((sum) => sum * 10)
      .filter((sum) => sum > 50)
      .to(plain)
      .to(sink)
      .start({ generateCode })
    const seen: SumPane[] = []
    const reading = (async () => {
      for await (const pane of job.results()) seen.push(pane)
    })()
    await job.done
    await reading
    expect(shown(plain.items)).toEqual([
      ['value', 0, 70],
      ['value', 10, 1000],
    ])
    expect(plain.items.some((pane) => 'accumulator' in pane && pane.accumulator === undefined)).toBe(false)
    expect(shown(panes)).toEqual([
      ['value', 0, 70],
      ['correction', 0, '0@3'],
      ['value', 10, 1000],
      ['value', 30, 10],
    ])
    expect(panes.map((pane) => 'filtered' in pane)).toEqual([false, false, false, true])
    expect(shown(seen)).toEqual(shown(plain.items))
    const served = servedBy(
      sums()
        .map((sum) => sum * 10)
        .filter((sum) => sum > 50)
        .to(sink) as never,
    )
    const [first, correction, , last] = panes as [SumPane, Correction<string>, SumPane, SumPane]
    const bytes = (pane: SumPane): Uint8Array => (pane as { readonly accumulator: Uint8Array }).accumulator
    const merged = served.merge(served.decode(bytes(first)), served.decode(correction.delta))
    expect(served.value(merged, first as never)).toEqual({ value: 470 })
    expect(served.value(served.decode(bytes(last)), last as never)).toBeUndefined()
    expect(served.decode(served.encode(merged))).toEqual(merged)
    expect(job.metrics().get('window.tooLate')).toBe(1)
    expect(job.metrics().get('window.corrections')).toBe(1)
  })

  test('correctionsTo gets them too, and nothing else does', async () => {
    const plain = collected<SumPane>()
    const corrections = collected<Correction<string>>()
    await sums().correctionsTo(corrections).to(plain).start({ generateCode }).done
    expect(shown(corrections.items)).toEqual([['correction', 0, '0@3']])
    expect(shown(plain.items)).toEqual([
      ['value', 0, 7],
      ['value', 10, 100],
      ['value', 30, 1],
    ])
  })
})

test('where nobody keeps accumulators panes have none', async () => {
  const plain = collected<SumPane>()
  const job = sums().to(plain).start()
  await job.done
  expect(plain.items.filter((pane) => 'accumulator' in pane || pane.kind === 'correction')).toEqual([])
  expect(job.metrics().get('window.corrections')).toBe(0)
})

test('a checkpoint in between changes nothing', async () => {
  const { sink, panes } = keeper()
  const { memoryCheckpoints } = await import('../io/checkpoint.ts')
  await sums()
    .filter((sum) => sum > 1)
    .to(sink)
    .start({ checkpoint: memoryCheckpoints({ everyMs: 1 }), batchSize: 1 }).done
  expect(shown(panes).length).toBe(4)
  expect(panes.every((pane) => pane.kind === 'correction' || 'accumulator' in pane)).toBe(true)
})

test('windows that cannot be corrected say so', () => {
  const keyed = pipeline('p')
    .from(ITEMS)
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(() => 'k')
  const code = expect.objectContaining({ code: 'NO_CORRECTIONS' })
  expect(() => keyed.window(slidingByRecord('10ms')).count().correctionsTo(collected())).toThrow(code)
  expect(() => keyed.window(oneWindow()).count().correctionsTo(collected())).toThrow(code)
  const over = sums()
    .filter((sum) => sum > 1)
    .keyBy((_, { key }) => key, { corrections: 'add' })
    .window(tumbling('1m'))
    .sum((sum) => sum)
  expect(() => over.correctionsTo(collected())).toThrow(code)
  const updates = keyed.finalize({ window: ({ at }) => ({ start: at, end: at + 1 }), lag: '1ms' })
  expect(() => updates.correctionsTo(collected())).toThrow(code)
})

test('what one record adds to one window is one correction', async () => {
  const corrections = collected<Correction<string>>()
  const of = pipeline('p')
    .from(ITEMS)
    .flatMap((one) => [one, { ...one, v: 1_000 }])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(() => 'k')
    .window(hopping('10ms', { every: '5ms' }))
    .sum(({ v }) => v)
    .correctionsTo(corrections)
    .to(collected())
  const job = of.start()
  await job.done
  const { decode, value } = servedBy(of as never)
  expect(corrections.items.map((one) => [one.id, one.window.start, value(decode(one.delta), one as never)])).toEqual([
    ['0@3', -5, { value: 1_040 }],
    ['0@3', 0, { value: 1_040 }],
  ])
  expect(job.metrics().get('window.corrections')).toBe(4)
})

test('records of two sources that stand at the same place are two', async () => {
  const corrections = collected<Correction<string>>()
  const late = (at: number) =>
    pipeline('p')
      .from<Item>([
        { at: 50, v: 0 },
        { at, v: at },
      ])
      .eventTime({ timestamp: (one) => one.at, watermark: monotonous() })
  await merge(late(1), late(2))
    .keyBy(() => 'k')
    .window(tumbling('10ms'))
    .sum(({ v }) => v)
    .correctionsTo(corrections)
    .to(collected())
    .start({ batchSize: 1 }).done
  expect(corrections.items.map(({ window }) => window.start)).toEqual([0, 0])
  expect(new Set(corrections.items.map(({ id }) => id)).size).toBe(2)
})

describe('windows over results', () => {
  const over = (outer: string) =>
    sums()
      .map((sum) => sum * 2)
      .keyBy((_, { key }) => key, { corrections: 'add' })
      .window(tumbling(outer as '1m'))
      .sum((sum) => sum)

  test('a window that is open takes what corrects those before it', async () => {
    const [results, corrections] = [collected<SumPane>(), collected<Correction<string>>()]
    const of = over('1m').correctionsTo(corrections).to(results)
    await of.start().done
    expect(shown(results.items)).toEqual([['value', 0, 2 * 148]])
    expect(corrections.items).toEqual([])
    expect(of.explain()).toMatch(/corrected by/)
    expect(of.explain()).toMatch(/a correction of a window, by what corrects 'window'/)
  })

  test('one that is freed is corrected itself', async () => {
    const [results, corrections] = [collected<SumPane>(), collected<Correction<string>>()]
    const of = over('10ms').correctionsTo(corrections).to(results)
    const job = of.start()
    await job.done
    const { decode, value } = servedBy(of as never)
    expect(corrections.items.map((one) => [one.id, one.window.start, value(decode(one.delta), one as never)])).toEqual([
      ['0@3', 0, { value: 80 }],
    ])
    expect(job.metrics().get('window-2.tooLate')).toBe(1)
  })

  test.each([
    ['nothing said', undefined, /does not say whether parts of them add up/],
    ['whole results only', 'add', /mean over results, for which a part of a result is one more result/],
  ] as const)('neither corrections nor tiers where they would be wrong: %s', (_, corrections, found) => {
    const of = sums()
      .keyBy((_sum, { key }) => key, corrections === undefined ? {} : { corrections })
      .window(tumbling('1m'))
      .aggregate((a) => ({ sum: a.sum((sum) => sum), mean: a.mean((sum) => sum) }))
    expect(() => of.correctionsTo(collected())).toThrow(found)
    expect(() => servedBy(of.to(collected()) as never)).toThrow(found)
  })

  test('results that are not to be corrected can be served', () => {
    const of = sums()
      .keyBy((_, { key }) => key, { corrections: 'none' })
      .window(tumbling('1m'))
      .count()
    expect(() => of.correctionsTo(collected())).toThrow(/corrections: 'none'/)
    expect(servedBy(of.to(collected()) as never).corrects).toBe(false)
  })

  test('nothing changes where nobody takes corrections', async () => {
    const results = collected<SumPane>()
    const of = over('1m').to(results)
    await of.start().done
    expect(shown(results.items)).toEqual([['value', 0, 2 * 108]])
    expect(of.explain()).not.toMatch(/correct/)
  })
})

test('explain says what becomes of what is too late', () => {
  expect(sums().correctionsTo(collected()).to(collected()).explain()).toMatch(/too late, .*a correction of its window;/)
  expect(sums().to(collected()).explain()).not.toMatch(/correction/)
})

test('accumulators that have no bytes are refused before anything runs', () => {
  class Odd {
    readonly n: number = 0
  }
  const odd = { create: () => new Odd(), add: (a: Odd) => a, merge: (a: Odd) => a, result: () => 0 }
  const of = pipeline('p')
    .from(ITEMS)
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(() => 'k')
    .window(tumbling('10ms'))
    .aggregate((a) => ({ n: a.count(), odd: a.use(odd) }))
  expect(() => servedBy(of.to(collected()) as never)).toThrow(/'odd'.*class Odd/s)
  const keeping = of.to(keeper().sink as never)
  expect(() => engineOf(keeping as never)).toThrow(expect.objectContaining({ code: 'ACCUMULATOR_NOT_PLAIN' }))
})

test('a gate that swallows a value lets its accumulator leave at the end', async () => {
  const { sink, panes } = keeper()
  const means = pipeline('p')
    .from([
      { at: 1, v: 5 },
      { at: 12, v: 5 },
      { at: 2, v: 5 },
    ])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(() => 'k')
    .window(tumbling('10ms'), {
      allowedLateness: '1m',
      gate: {
        kind: 'same',
        swallows: true,
        decide: (state, value) => (state === value ? 'swallow' : 'emit'),
        emitted: (_, value) => value,
      },
    })
    .aggregate((a) => a.mean(({ v }) => v))
    .to(sink)
  await means.start().done
  const last = panes.filter((pane) => pane.window.start === 0).at(-1)
  expect(last).toMatchObject({ kind: 'value', value: 5, records: 2, isLast: true })
})

test('another aggregator under the same name has another layout', async () => {
  type Found = { readonly v: number }
  const of = (which: 'min' | 'max' | 'first' | 'last', sink: Sink<Pane<string, Found>> = collected()) =>
    pipeline('p')
      .from(ITEMS)
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy(() => 'k')
      .window(tumbling('10ms'))
      .aggregate((a) => ({ v: (a[which] as typeof a.last)(({ v }) => v) }))
      .to(sink)
  const { sink, panes } = keeper()
  await of('min', sink as never).start().done
  const { accumulator } = panes[0] as { readonly accumulator: Uint8Array }
  for (const other of ['max', 'first', 'last'] as const)
    expect(() => servedBy(of(other) as never).decode(accumulator)).toThrow(/expected one of the aggregate/)
})

test('what cannot be served is refused with what to change', () => {
  const { sink } = keeper()
  const keyed = pipeline('p')
    .from(ITEMS)
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(() => 'k')
  const served = (of: unknown) => () => servedBy(of as never)
  expect(
    served(
      keyed
        .window(oneWindow())
        .count()
        .to(sink as never),
    ),
  ).toThrow(/oneWindow/)
  const deltas = keyed.window(tumbling('1m'), { accumulation: 'discarding' }).count().to(collected())
  expect(served(deltas)).toThrow(/'discarding'/)
  expect(served(pipeline('p').from(ITEMS).to(collected()))).toThrow(/records without windows/)
})

test('bytes of another aggregate are refused', async () => {
  const { sink, panes } = keeper()
  await sums().to(sink).start().done
  const [first] = panes as unknown as [{ readonly accumulator: Uint8Array }]
  const other = servedBy(
    pipeline('p')
      .from(ITEMS)
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy(() => 'k')
      .window(tumbling('10ms'))
      .aggregate((a) => ({ total: a.sum(({ v }) => v) }))
      .to(collected()) as never,
  )
  const code = expect.objectContaining({ code: 'ACCUMULATOR_LAYOUT' })
  expect(() => other.decode(first.accumulator)).toThrow(code)
  expect(() => servedBy(sums().to(sink) as never).decode(first.accumulator.slice(0, -1))).toThrow(code)
  expect(() => other.decode(new Uint8Array())).toThrow(code)
})
