import { expect, test } from 'vitest'
import type { Cell } from './cell.ts'
import { memoryColdStore } from './memory-cold-store.ts'
import { memoryHotStore } from './memory-hot-store.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const cell = (key: string, end: number, revision: number, more: Partial<Cell> = {}): Cell => ({
  key: bytes(key),
  start: end - 10,
  end,
  correction: '',
  epoch: 0,
  revision,
  value: bytes(`${key}${end}.${revision}`),
  ...more,
})
const shown = (cells: readonly Cell[] | undefined): readonly string[] =>
  (cells ?? []).map(
    ({ end, correction, value }) => `${end}${correction} ${value === null ? '–' : Buffer.from(value).toString()}`,
  )

test('cold: the newest version stays whatever the order, withdrawals too, corrections stand beside it', async () => {
  const store = memoryColdStore()
  const session = await store.open({ name: 'a', windowMs: 10 })
  await session.put([cell('k', 20, 2), cell('k', 10, 3, { value: null }), cell('k', 20, 0)], { watermark: 0 })
  await session.put([cell('k', 10, 2), cell('k', 20, 0, { correction: 'x' }), cell('l', 20, 1)], { watermark: 0 })
  const again = await store.open({ name: 'a', windowMs: 10 })
  const [k, l] = await again.read([bytes('k'), bytes('l')], 0, 20)
  expect([shown(k), shown(l)]).toEqual([['10 –', '20 k20.2', '20x k20.0'], ['20 l20.1']])
  expect(shown((await again.read([bytes('k')], 10, 15))[0])).toEqual([])
  expect(shown((await (await store.open({ name: 'b', windowMs: 10 })).read([bytes('k')], 0, 20))[0])).toEqual([])
})

test('cold: a register changes only from what is expected', async () => {
  const session = await memoryColdStore().open({ name: 'a', windowMs: 10 })
  expect(await session.compareAndSet('r', undefined, bytes('1'))).toBe(true)
  expect(await session.compareAndSet('r', undefined, bytes('2'))).toBe(false)
  expect(await session.compareAndSet('r', bytes('1'), bytes('3'))).toBe(true)
  expect(await session.register('r')).toEqual(bytes('3'))
  expect(await session.register('s')).toBeUndefined()
})

test('cold: a slice has every cell of every key once, in parts', async () => {
  const session = await memoryColdStore().open({ name: 'a', windowMs: 10 })
  const cells = Array.from({ length: 2_500 }, (_, i) => cell(`k${i % 7}`, 10 * i, 0))
  await session.put(cells, { watermark: 0 })
  const parts: (readonly Cell[])[] = []
  for await (const part of session.slice(90, 24_000)) parts.push(part)
  expect(parts.map(({ length }) => length)).toEqual([1_000, 1_000, 391])
  expect(new Set(parts.flat().map(({ end }) => end)).size).toBe(2_391)
})

function hot(shards = 1): { now: number; store: ReturnType<typeof memoryHotStore> } {
  const clock = { now: 0 }
  const store = memoryHotStore({ serveForMs: 100, slackMs: 50, shards, clock: { now: () => clock.now } })
  return Object.assign(clock, { store })
}

test('hot: a position moves behind its cells, from what it was', async () => {
  const { store } = hot()
  const session = await store.open({ name: 'a', windowMs: 10 })
  const [shard = ''] = session.shards
  const to = (offset: bigint) => ({ offset, watermark: 5 })
  const move = (from: bigint | undefined, offset: bigint) =>
    session.write(shard, [cell('k', 10, 1)], { watermark: 5, move: { partition: 'p', from, to: to(offset) } })
  expect(await move(undefined, 3n)).toEqual({ older: 0, evicted: 0, moved: true, applied: to(3n) })
  expect(await move(undefined, 4n)).toEqual({ older: 0, evicted: 0, moved: false, applied: to(3n) })
  expect(await move(3n, 4n)).toMatchObject({ moved: true, applied: to(4n) })
  expect((await session.state()).get(shard)?.applied).toEqual(new Map([['p', to(4n)]]))
})

test('hot: evicted windows are gone and stay so; the boundary never becomes smaller', async () => {
  const { store } = hot(3)
  const session = await store.open({ name: 'a', windowMs: 10 })
  const keys = ['k', 'l', 'm', 'n'].map(bytes)
  for (const key of keys) {
    const cells = [10, 20].map((end) => cell('', end, 1, { key }))
    await session.write(session.shardOf(key), cells, { watermark: 0 })
  }
  expect(await session.evict(10)).toBe(4)
  const late = await session.write(session.shardOf(keys[0] as Uint8Array), [cell('k', 10, 9)], { watermark: 0 })
  expect(late).toMatchObject({ evicted: 1, older: 0 })
  await session.raiseBoundary(10)
  await session.raiseBoundary(5)
  const { cells, shards } = await session.read(keys, 0, 100)
  expect(cells.map((of) => of.map(({ end }) => end))).toEqual([[20], [20], [20], [20]])
  expect([...shards.values()].map(({ boundary, evictedTo }) => [boundary, evictedTo])).toEqual(
    Array.from(shards, () => [10, 10]),
  )
})

test('hot: cells expire on the clock, never earlier than was said, and a heartbeat runs out before', async () => {
  const world = hot()
  const session = await world.store.open({ name: 'a', windowMs: 10 })
  const [shard = ''] = session.shards
  await session.write(shard, [cell('k', 10, 1)], { watermark: 5 })
  await session.write(shard, [cell('k', 10, 2)], { watermark: 1_000 })
  await session.write(shard, [cell('k', 20, 2)], { watermark: 1_000 })
  await session.beat(100)
  world.now = 99
  expect((await session.state()).get(shard)?.alive).toBe(true)
  world.now = 154
  expect((await session.state()).get(shard)?.alive).toBe(false)
  expect(shown((await session.read([bytes('k')], 0, 99)).cells[0])).toEqual(['10 k10.2'])
  await session.extend(20)
  world.now = 173
  expect(shown((await session.read([bytes('k')], 0, 99)).cells[0])).toEqual(['10 k10.2'])
  world.now = 174
  expect(shown((await session.read([bytes('k')], 0, 99)).cells[0])).toEqual([])
})
