// The two naive answers, and what each loses that tiers filled from one log do not.
import {
  type Cell,
  type ColdSession,
  type HotSession,
  encodeKey,
  memoryColdStore,
  memoryHotStore,
} from '@tidemark/core'
import { beforeEach, describe, expect, test } from 'vitest'

const key = encodeKey('page')
const cell = (end: number, revision: number, n: number): Cell => ({
  key,
  start: end - 10,
  end,
  correction: '',
  epoch: 0,
  revision,
  value: Uint8Array.of(n),
})

let hot: HotSession
let cold: ColdSession
beforeEach(async () => {
  const aggregation = { name: 'naive', windowMs: 10 }
  hot = await memoryHotStore({ serveForMs: 100, clock: { now: () => 0 } }).open(aggregation)
  cold = await memoryColdStore().open(aggregation)
})

const values = (cells: readonly (readonly Cell[])[]): number[] => (cells[0] ?? []).map(({ value }) => value?.[0] ?? 0)
const toHot = (...cells: Cell[]): Promise<unknown> => hot.write(hot.shards[0] as string, cells, { watermark: 0 })

describe('hot copied to cold on a schedule, then forgotten', () => {
  const copyAndForget = async (upTo: number): Promise<void> => {
    const { cells } = await hot.read([key], Number.NEGATIVE_INFINITY, upTo)
    await cold.put(cells.flat(), { watermark: upTo })
    await hot.evict(upTo)
  }

  test('an update that comes late for a window that has been copied is lost', async () => {
    await toHot(cell(10, 0, 1))
    await copyAndForget(10)
    await toHot(cell(10, 2, 2))
    expect(values((await hot.read([key], 0, 10)).cells)).toEqual([])
    expect(values(await cold.read([key], 0, 10))).toEqual([1])
  })

  test('between the copy and the eviction a query that adds the two counts twice', async () => {
    await toHot(cell(10, 0, 5))
    await cold.put((await hot.read([key], 0, 10)).cells.flat(), { watermark: 10 })
    const both = [...values((await hot.read([key], 0, 10)).cells), ...values(await cold.read([key], 0, 10))]
    expect(both.reduce((a, b) => a + b)).toBe(10)
  })
})

describe('both stores written directly', () => {
  test('what one store did not take while it was away is missing there for ever', async () => {
    const away = { ...cold, put: () => Promise.reject(new Error('away')) }
    await toHot(cell(10, 0, 1))
    await away.put().catch(() => {})
    await toHot(cell(20, 0, 2))
    await cold.put([cell(20, 0, 2)], { watermark: 20 })
    // Hot forgets by age, for nothing tells it how far cold is.
    await hot.evict(20)
    expect(values(await cold.read([key], 0, 20))).toEqual([2])
  })
})
