import { type Clock, type HotSession, memoryHotStore, memoryLog } from '@tidemark/core'
import { expect, test } from 'vitest'
import { HotWriter } from './hot-writer.ts'
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
  const writer = new HotWriter({
    log: await log.open({}),
    hot,
    rules: ALL_RULES,
    boundary: () => Number.NEGATIVE_INFINITY,
    batchSize: 10,
    waitMs: 100,
    signal,
    onRewind: (shard) => rewinds.push(shard),
  })
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
