// A slice over stores that wait for nothing: whoever shares the thread has a turn all the same.
import { type Clock, encodeKey, encodeStoredResult, memoryColdStore, memoryHotStore } from '@tidemark/core'
import { expect, test } from 'vitest'
import { DirectFetcher } from '../src/direct.ts'
import { Reader } from '../src/reader.ts'
import { VIEW, WINDOW_MS } from './simulation/engine.ts'

test('a slice lets the host have its turn amid its work', async () => {
  let [now, turns] = [0, 0]
  const clock: Clock = {
    // Time passes with every look at it.
    now: () => (now += 10),
    wakeAt: (_, wake) => {
      turns++
      queueMicrotask(wake)
      return () => {}
    },
  }
  const aggregation = { name: 'r', windowMs: WINDOW_MS }
  const hot = await memoryHotStore({ serveForMs: 1_000_000, clock }).open(aggregation)
  const cold = await memoryColdStore().open(aggregation)
  const body = new Uint8Array(new Float64Array([7]).buffer)
  const value = encodeStoredResult({ timing: 'on-time', isLast: false, records: 1, lateRecords: 0, body })
  const place = { start: 0, end: WINDOW_MS, correction: '', epoch: 0, revision: 0, value }
  const keys = 10_000
  await cold.put(
    Array.from({ length: keys }, (_, i) => ({ ...place, key: encodeKey(`k${i}`) })),
    { watermark: WINDOW_MS },
  )
  const reader = new Reader<string, number, unknown>(VIEW, {
    fetcher: new DirectFetcher(hot, cold),
    hot,
    cold,
    clock,
  })
  let rows = 0
  for await (const some of reader.slices({ from: 0, to: WINDOW_MS })) rows += some.length
  expect(rows).toBe(keys)
  // While cells are gathered, and while rows are made of them.
  expect(turns).toBeGreaterThan(4)
})
