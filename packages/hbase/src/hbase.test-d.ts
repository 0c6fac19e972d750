// What fits a table of HBase, and what a program gets from one.
import { type ColdStore, type HotStore, type Pane, type Source, monotonous, pipeline, tumbling } from '@tidemark/core'
import { expectTypeOf, test } from 'vitest'
import { type HBaseRow, hbaseSink, hbaseSource, hbaseStore } from './index.ts'

const at = { thrift: 'http://gateway:9090', table: 'page_stats' } as const
interface View {
  readonly page: string
  readonly at: number
}
const views = pipeline('views')
  .from<View>([])
  .eventTime({ timestamp: (view) => view.at, watermark: monotonous() })
  .keyBy((view) => view.page)

test('whole values of windows, whatever they are', () => {
  views.window(tumbling('1m')).count().to(hbaseSink(at))
  views.window(tumbling('1m'), { accumulation: 'retracting' }).count().to(hbaseSink(at))
  views.window(tumbling('1m')).aggregate((a) => ({ n: a.count() })).to(hbaseSink<string, { readonly n: number }>(at))
})

test('differences, windows without bounds and other values do not fit', () => {
  const deltas = views.window(tumbling('1m'), { accumulation: 'discarding' }).count()
  // @ts-expect-error a table keeps the newest of each window: differences would be lost
  deltas.to(hbaseSink(at))
  // @ts-expect-error counts are numbers
  views.window(tumbling('1m')).count().to(hbaseSink<string, string>(at))
  // @ts-expect-error keys are text
  views.window(tumbling('1m')).count().to(hbaseSink<number, number>(at))
  // @ts-expect-error the codec encodes another value
  hbaseSink<string, number>({ ...at, value: { encode: (value: string) => Buffer.from(value) } })
  // @ts-expect-error a duration has a unit
  hbaseSink({ ...at, windowSize: 60_000 })
})

declare const row: HBaseRow<string, number>

test('rows are told apart by kind', () => {
  const source = hbaseSource<string, number>(at)
  expectTypeOf(source).toExtend<Source<HBaseRow<string, number>>>()
  if (row.kind === 'value') expectTypeOf(row.value).toEqualTypeOf<number>()
  else if (row.kind === 'correction') expectTypeOf(row.delta).toEqualTypeOf<Uint8Array>()
  else expectTypeOf(row).not.toHaveProperty('value')
  expectTypeOf(row.key).toEqualTypeOf<string>()
  // A row is no pane: it has lost what only its writer knew.
  expectTypeOf<typeof row>().not.toExtend<Pane<string, number>>()
  // @ts-expect-error what is read is kept by who wrote it
  hbaseSource({ ...at, keepFor: '10d' })
})

test('the store is a cold one', () => {
  expectTypeOf(hbaseStore(at)).toExtend<ColdStore>()
  expectTypeOf(hbaseStore(at)).not.toExtend<HotStore>()
})
