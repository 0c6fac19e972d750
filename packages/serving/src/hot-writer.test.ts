import { type Applied, type Clock, type HotSession, type MemoryLog, memoryHotStore, memoryLog } from '@tidemark/core'
import { expect, test } from 'vitest'
import { HotWriter } from './hot-writer.ts'
import type { PartitionRecord } from './registers.ts'
import { ALL_RULES } from './rules.ts'
import { Stop } from './wait.ts'

/** A clock that goes on whenever somebody waits for it. */
function eagerClock(): Clock {
  let now = 0
  return {
    now: () => now,
    wakeAt: (at, wake) => {
      const turn = setImmediate(() => {
        now = Math.max(now, at)
        wake()
      })
      return () => clearImmediate(turn)
    },
  }
}

async function writerOf(
  log: MemoryLog,
  hot: HotSession,
  signal: Stop,
  options: Partial<ConstructorParameters<typeof HotWriter>[0]> = {},
): Promise<HotWriter> {
  return new HotWriter({
    log: await log.open({}),
    hot,
    published: async () => undefined,
    rules: ALL_RULES,
    boundary: () => Number.NEGATIVE_INFINITY,
    batchSize: 10,
    waitMs: 100,
    clock: eagerClock(),
    signal,
    onRewind: () => {},
    onSilent: () => {},
    ...options,
  })
}

test('what a shard has lost is written again, also where nothing more comes', async () => {
  const clock = eagerClock()
  const log = memoryLog({ clock })
  const key = Uint8Array.of(1)
  const cell = { key, start: 0, end: 10, correction: '', epoch: 0, revision: 0, value: Uint8Array.of(7) }
  log.append([{ kind: 'result', cell, timing: 'on-time', isLast: true, records: 1, lateRecords: 0 }])
  log.append([{ kind: 'progress', task: '0', watermark: 10, tasks: 1, idle: false }])
  const empty = (): Promise<HotSession> =>
    memoryHotStore({ serveForMs: 1_000, clock }).open({ name: 'r', windowMs: 10 })
  let server = await empty()
  const hot: HotSession = {
    ...server,
    state: () => server.state(),
    write: (...args) => server.write(...args),
  }
  const [signal, rewinds] = [new Stop(undefined), [] as string[]]
  const writer = await writerOf(log, hot, signal, { onRewind: (shard) => rewinds.push(shard) })
  const following = writer.follow()
  const written = async (): Promise<void> => {
    while ((await server.read([key], 0, 10)).cells[0]?.length !== 1)
      await new Promise((resolve) => setImmediate(resolve))
  }
  await written()
  server = await empty()
  await written()
  expect(rewinds).toEqual(['0'])
  expect((await server.state()).get('0')?.applied.get('0')).toMatchObject({ offset: 2n })
  signal.abort()
  await following
})

const published = (covered: bigint, watermark: number): PartitionRecord => ({
  partition: '0',
  resume: covered,
  covered,
  complete: 0,
  lastEnd: 0,
  at: 0,
  goneTo: Number.NEGATIVE_INFINITY,
  frontier: { watermark, ended: false, tasks: new Map([['0', { watermark, idle: false }]]) },
})

// A task whose input is silent says nothing for days: what it said last holds for the next writer, too.
test.each([
  ['cold has not been written', undefined, 0n],
  ['cold knows', published(80n, 100), 80n],
  ['cold is ahead, and knows too much', published(1_000n, 500), 0n],
])('a writer that begins anew knows of tasks that are silent, where %s', async (_, record, readFrom) => {
  const clock = eagerClock()
  const log = memoryLog({ clock })
  const hot = await memoryHotStore({ serveForMs: 1_000, clock }).open({ name: 'r', windowMs: 10 })
  const say = (task: string, watermark: number): void =>
    log.append([{ kind: 'progress', task, watermark, tasks: 2, idle: false }])
  const run = async (watermark: number, reads: bigint[]): Promise<void> => {
    const [signal, session] = [new Stop(undefined), await log.open({})]
    const read: typeof session.read = (partition, from, ...how) => {
      reads.push(from)
      return session.read(partition, from, ...how)
    }
    const options = { log: { ...session, read }, published: async () => record }
    const following = (await writerOf(log, hot, signal, options)).follow()
    const { end } = await session.bounds('0')
    const applied = async (): Promise<Applied | undefined> => (await hot.state()).get('0')?.applied.get('0')
    while ((await applied())?.offset !== end) await new Promise((resolve) => setImmediate(resolve))
    expect((await applied())?.watermark).toBe(watermark)
    signal.abort()
    await following
  }
  say('0', 100)
  for (let watermark = 10; watermark <= 90; watermark++) say('1', watermark)
  await run(90, [])
  say('1', 95)
  const reads: bigint[] = []
  await run(95, reads)
  expect(reads.reduce((a, b) => (a < b ? a : b))).toBe(readFrom)
})

test('the log is read on while the store writes', async () => {
  const log = memoryLog()
  for (let watermark = 1; watermark <= 30; watermark++)
    log.append([{ kind: 'progress', task: '0', watermark, tasks: 1, idle: false }])
  const clock = eagerClock()
  const server = await memoryHotStore({ serveForMs: 1_000, clock }).open({ name: 'r', windowMs: 10 })
  const [signal, session, seen] = [new Stop(), await log.open({}), [] as string[]]
  const read: typeof session.read = (partition, from, ...how) => {
    seen.push(`read ${from}`)
    return session.read(partition, from, ...how)
  }
  const write: HotSession['write'] = async (...args) => {
    await new Promise((resolve) => setImmediate(resolve))
    const written = await server.write(...args)
    seen.push(`at ${written.applied?.offset}`)
    if (written.applied?.offset === 30n) signal.abort()
    return written
  }
  await (await writerOf(log, { ...server, write }, signal, { log: { ...session, read } })).follow()
  // One step ahead, and no further.
  expect(seen).toEqual(['read 0', 'read 10', 'at 10', 'read 20', 'at 20', 'at 30'])
})

test('what is filled up again in a life that ends meanwhile is filled up once more', async () => {
  const clock = eagerClock()
  const log = memoryLog({ clock })
  const cell = {
    key: Uint8Array.of(1),
    start: 0,
    end: 10,
    correction: '',
    epoch: 0,
    revision: 0,
    value: Uint8Array.of(7),
  }
  log.append([{ kind: 'result', cell, timing: 'on-time', isLast: true, records: 1, lateRecords: 0 }])
  const server = await memoryHotStore({ serveForMs: 1_000, clock }).open({ name: 'r', windowMs: 10 })
  await server.write('0', [], {
    watermark: 10,
    move: { partition: '0', from: undefined, to: { offset: 1n, watermark: 10 } },
  })
  let [life, writes] = [1, 0]
  const hot: HotSession = {
    ...server,
    state: async () =>
      new Map([...(await server.state())].map(([shard, of]) => [shard, { ...of, life: String(life) }])),
    write: (...args) => {
      if (++writes === 1) life++
      return server.write(...args)
    },
  }
  await (await writerOf(log, hot, new Stop(undefined))).refill()
  expect(writes).toBe(2)
})
