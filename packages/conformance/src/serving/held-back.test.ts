// A boundary that does not move is an alarm, but for as long as it cannot have moved: before cold is due for a write.
import {
  type ColdStore,
  boundedOutOfOrderness,
  memoryColdStore,
  memoryHotStore,
  memoryLog,
  memorySource,
  pipeline,
  tumbling,
} from '@tidemark/core'
import { continuously, every, servingTiers } from '@tidemark/serving'
import { expect, test } from 'vitest'
import { eagerClock } from './eager-clock.ts'

const MINUTE_MS = 60_000

/**
 * What is said in an hour in which a record comes each minute; whether the boundary has moved, and why not. In so many
 * lives of the process.
 */
async function hour(cold: ColdStore, coldWrites: ReturnType<typeof continuously>, lives = 1) {
  const clock = eagerClock()
  const [log, source] = [memoryLog(), memorySource<number>()]
  const results = pipeline('counts')
    .from(source)
    .eventTime({ timestamp: (at) => at, watermark: boundedOutOfOrderness('1s') })
    .keyBy(() => 'all')
    .window(tumbling('10s'))
    .count()
    .to(log.sink)
  const job = results.start()
  const hot = memoryHotStore({ serveForMs: 5 * MINUTE_MS, clock })
  const tiers = servingTiers({ results, log, hot, cold, clock, coldWrites })
  const alarms: { readonly code: string; readonly message: string; readonly at: number }[] = []
  let boundary = Number.NEGATIVE_INFINITY
  tiers.on('alarm', (alarm) => alarms.push({ ...alarm, at: clock.now() }))
  tiers.on('boundary', (moved) => ({ boundary } = moved))
  let stop = new AbortController()
  let running = tiers.run({ signal: stop.signal })
  const degraded: string[] = []
  for (let at = 0; at < 60 * MINUTE_MS; at += MINUTE_MS) {
    source.push([at])
    if (at > 0 && at % ((60 / lives) * MINUTE_MS) === 0) {
      stop.abort()
      await running
      stop = new AbortController()
      running = tiers.run({ signal: stop.signal })
    }
    while (clock.now() < at) await new Promise((resolve) => setImmediate(resolve))
    degraded.push(...(await tiers.health()).reasons)
  }
  stop.abort()
  await running
  source.finish()
  await job.done
  await tiers.close()
  return { alarms, boundary, degraded }
}

test.each([
  ['continuously', continuously()],
  ['every ten minutes', every('10m')],
  ['rarely, and later than hot serves', every('20m', { settle: '10m' })],
])('a new deployment says nothing of it, with cold written %s', async (_, coldWrites) => {
  const { alarms, boundary, degraded } = await hour(memoryColdStore(), coldWrites)
  expect(alarms).toEqual([])
  expect(degraded.filter((text) => /Infinity/.test(text))).toEqual([])
  expect(boundary).toBeGreaterThan(20 * MINUTE_MS)
})

test('what stands still for longer than cold takes is told', async () => {
  const memory = memoryColdStore()
  const stuck: ColdStore = {
    ...memory,
    open: async (of) => {
      const session = await memory.open(of)
      return {
        ...session,
        compareAndSet: async (name, ...values) => name !== 'boundary' && session.compareAndSet(name, ...values),
      }
    },
  }
  const { alarms, boundary } = await hour(stuck, every('10m'))
  expect(boundary).toBe(Number.NEGATIVE_INFINITY)
  expect(new Set(alarms.map(({ code }) => code))).toEqual(new Set(['BOUNDARY_HELD_BACK']))
  expect(alarms[0]?.message).toContain('not set yet')
  expect(alarms[0]?.at).toBeGreaterThan(10 * MINUTE_MS)
  expect(alarms[0]?.at).toBeLessThan(13 * MINUTE_MS)
})

test('a process that is restarted more often than cold is written writes all the same', async () => {
  const { alarms, boundary } = await hour(memoryColdStore(), every('20m'), 6)
  expect(alarms).toEqual([])
  expect(boundary).toBeGreaterThan(30 * MINUTE_MS)
})
