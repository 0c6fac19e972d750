import { describe, expect, test } from 'vitest'
import { collected } from '../io/memory-sinks.ts'
import type { Sink } from '../io/sink.ts'
import type { Correction, Pane } from '../pane/pane.ts'
import { pipeline } from '../runtime/start.ts'
import { monotonous } from '../time/watermark.ts'
import { oneWindow } from '../window/one-window.ts'
import { slidingByRecord } from '../window/sliding-by-record.ts'
import { tumbling } from '../window/tumbling.ts'
import { servedBy } from './pipeline.ts'

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
    .keyBy((_, { key }) => key)
    .window(tumbling('1m'))
    .count()
  expect(() => over.correctionsTo(collected())).toThrow(code)
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
