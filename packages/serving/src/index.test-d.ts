import { type ColdStore, type HotStore, type Pane, type Pipeline, type ResultsLog } from '@tidemark/core'
import { expectTypeOf, test } from 'vitest'
import { type Row, continuously, servingTiers } from './index.ts'

declare const results: Pipeline<Pane<string, { readonly views: number }>, { readonly page: string }>
declare const log: ResultsLog
declare const hot: HotStore
declare const cold: ColdStore

test('key and value are those of the pipeline', async () => {
  const tiers = servingTiers({ results, log, hot, cold, coldWrites: continuously() })
  const rows = await tiers.read({ key: '/home', from: 0, to: new Date(0), rollUp: '1h' })
  expectTypeOf<(typeof rows)[number]['key']>().toEqualTypeOf<string>()
  expectTypeOf<(typeof rows)[number]['value']>().toEqualTypeOf<{ readonly views: number }>()
  expectTypeOf<(typeof rows)[number]['status']>().toEqualTypeOf<Row<string, number, object>['status']>()
  // @ts-expect-error another kind of key
  await tiers.read({ key: 1, from: 0, to: 1 })
  // @ts-expect-error key or keys
  await tiers.read({ key: '/a', keys: ['/b'], from: 0, to: 1 })
  // @ts-expect-error neither a log nor direct
  servingTiers({ results, hot, cold })
  // @ts-expect-error both
  servingTiers({ results, log, direct: true, hot, cold })
  servingTiers({ results, direct: true, hot, cold })
})
