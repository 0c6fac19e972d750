// The whole path on real Kafka, Redis and HBase: one query across both tiers says what the batch says, whatever was killed.
import { setTimeout } from 'node:timers/promises'
import { canTest, startHBase, startKafka } from '@tidemark/services'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Reader } from './reader.ts'
import { type Servers, Stage, VICTIMS } from './stage.ts'
import { chance } from './views.ts'

/** Kills in all, half of them under each Redis. */
const kills = Number(process.env['TIDEMARK_KILLS'] ?? 8)
const VIEWS = 600

const canTestAll = (await canTest('kafka')) && (await canTest('redis')) && (await canTest('hbase'))

/** A full read of all complete windows, in three ways, each compared with the recomputation. */
async function check({ open: { tiers }, views }: Stage): Promise<Awaited<ReturnType<typeof tiers.read>>> {
  const range = { from: views.from - 1, to: views.completeTo }
  const expected = views.recomputed()
  const read = await tiers.read({ keys: views.pages, ...range })
  const named = (rows: typeof read): ReadonlyMap<string, unknown> =>
    new Map(rows.map(({ key, window, value }) => [`${key} ${window.start}`, value]))
  expect(named(read)).toEqual(expected)
  const sliced: (typeof read)[number][] = []
  for await (const row of tiers.slice(range)) sliced.push(row)
  expect(sliced.length).toBe(expected.size)
  expect(named(sliced)).toEqual(expected)
  expect(named(await tiers.read({ keys: views.pages, ...range, rollUp: '1h' }))).toEqual(views.recomputed(3_600_000))
  return read
}

describe.skipIf(!canTestAll)('tiers on real services', () => {
  let servers: Servers
  beforeAll(async () => {
    const [kafka, hbase] = await Promise.all([startKafka(), startHBase()])
    servers = { kafka, hbase }
  })
  afterAll(async () => {
    await Promise.all([servers.kafka.stop(), servers.hbase.stop()])
  })

  test.each([
    ['keeps a file of all changes', true, 0],
    ['keeps nothing', false, 2],
  ] as const)(
    `are right after every kill where Redis %s`,
    { timeout: 120_000 + kills * 30_000 },
    async (_, appendOnly, offset) => {
      await using stage = await Stage.begin(servers, { appendOnly, seed: kills + offset })
      const dice = chance(kills)
      await stage.append(VIEWS)
      await stage.through()
      await check(stage)
      const reader = new Reader(stage.open, stage.views)
      // A Redis that keeps nothing forgets this with all else.
      let evictedTo = Number.NEGATIVE_INFINITY
      for (let round = 0; round < kills / 2; round++) {
        const victim = VICTIMS[(round + offset) % VICTIMS.length] as (typeof VICTIMS)[number]
        const appending = stage.append(VIEWS)
        await setTimeout(dice(300))
        await stage.kill(victim)
        await setTimeout(dice(300))
        await stage.restart(victim)
        await appending
        await stage.through()
        await check(stage)
        evictedTo = Math.max(evictedTo, (await stage.open.tiers.health()).hot.evictedTo)
      }
      await reader.stop()
      expect(reader.backwards).toEqual([])
      expect(reader.answers).toBeGreaterThan(kills)
      // Both tiers answered, hot has let go of something, and windows that only cold has were corrected.
      const rows = await check(stage)
      expect(new Set(rows.map(({ tier }) => tier))).toEqual(new Set(['hot', 'cold']))
      const old = rows.filter(({ window }) => window.end <= evictedTo)
      expect(old.filter(({ corrections }) => corrections > 0)).not.toEqual([])
    },
  )
})
