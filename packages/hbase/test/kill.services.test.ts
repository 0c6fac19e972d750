// kill -9 of both gateways and of the master while cells are written: what was acknowledged is there, and never becomes older.
import type { Cell, ColdSession, ColdStore } from '@tidemark/core'
import { type HBase, canTest, startHBase } from '@tidemark/services'
import { describe, expect, test } from 'vitest'
import { hbaseStore } from '../src/index.ts'
import { bytes, cell, chance } from './stage.ts'

const rounds = Number(process.env['TIDEMARK_KILLS'] ?? 3)
const KEYS = 200

describe.skipIf(!(await canTest('hbase')))('killed in mid-write', () => {
  test(`${rounds} rounds of each kind`, { timeout: 120_000 + rounds * 60_000 }, async () => {
    await using hbase: HBase = await startHBase({ transport: 'both' })
    const through = { framed: `tcp://${hbase.framed}`, http: hbase.http ?? '' }
    const storeAt = (thrift: string): ColdStore =>
      hbaseStore({
        thrift,
        table: 'results',
        patience: '2m',
        timeout: '20s',
        warn: () => {},
      })
    const dice = chance(rounds)
    const sessions: ColdSession[] = []
    for (const thrift of [through.framed, through.http, through.framed, through.http])
      sessions.push(await storeAt(thrift).open({ name: 'a', windowMs: 10 }))
    // By key and window: the newest version that was acknowledged, and the newest that was ever sent.
    const acknowledged = new Map<string, number>()
    const sent = new Map<string, number>()
    const place = ({ key, end }: Cell): string => `${Buffer.from(key).toString()} ${end}`
    let going = true
    let batches = 0
    const writer = async (session: ColdSession, own: number): Promise<void> => {
      for (let n = 0; going; n++) {
        // Newer and older ones, as from a replay beside the live job.
        const cells = Array.from({ length: 500 }, () =>
          cell(`${own % 3} ${dice(KEYS)}`, 10 * dice(5), 2 * (n - dice(3)) + 6),
        )
        for (const each of cells) sent.set(place(each), Math.max(each.revision, sent.get(place(each)) ?? 0))
        await session.put(cells, { watermark: 0 })
        batches++
        for (const each of cells)
          acknowledged.set(place(each), Math.max(each.revision, acknowledged.get(place(each)) ?? 0))
      }
    }
    const writing = Promise.all(sessions.map(writer))
    const someBatches = async (): Promise<void> => {
      const until = batches + 5
      while (batches < until) await Promise.race([writing, new Promise((resolve) => setTimeout(resolve, 5))])
    }
    for (let round = 0; round < rounds; round++) {
      for (const victim of ['framed', 'http', 'master'] as const) {
        await someBatches()
        await new Promise((resolve) => setTimeout(resolve, dice(50)))
        await hbase.kill(victim)
        await hbase.restart(victim)
      }
    }
    await someBatches()
    going = false
    await writing
    const keys = Array.from({ length: 3 * KEYS }, (_, i) => bytes(`${Math.floor(i / KEYS)} ${i % KEYS}`))
    expect(acknowledged.size).toBeGreaterThan(KEYS)
    for (const session of sessions) {
      const found = new Map((await session.read(keys, -1, 50)).flat().map((each) => [place(each), each.revision]))
      expect(found.size).toBe(sent.size)
      const older = [...acknowledged].filter(([at, revision]) => (found.get(at) ?? -1) < revision)
      const unknown = [...found].filter(([at, revision]) => revision > (sent.get(at) ?? -1))
      expect({ older, unknown }).toEqual({ older: [], unknown: [] })
      await session.close()
    }
  })
})
