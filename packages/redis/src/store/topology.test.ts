import { systemClock } from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import type { Commands } from '../client/port.ts'
import { slotOf } from './slots.ts'
import { type Topology, allMasters, isSame, readTopology, shardOf } from './topology.ts'

type Slots = readonly (readonly [first: number, last: number, port: number])[]

const WHOLE: Slots = [
  [0, 5_460, 1],
  [5_461, 10_922, 2],
  [10_923, 16_383, 3],
]
const patience = { clock: systemClock, patienceMs: 0, timeoutMs: 1_000 }
const line = (flags: string, slots: string): string => `id host:1@2 ${flags} - 0 0 1 connected ${slots}`

/** A cluster that says where its slots are, and the lines of each master that the client knows. */
function cluster(slots: Slots, nodes: readonly string[] = []): Commands {
  return {
    cluster: true,
    isReady: true,
    connections: undefined,
    send: async (_, [name]) =>
      name === 'CLUSTER' ? slots.map(([first, last, port]) => [first, last, [Buffer.from('host'), port, 'id']]) : 0,
    masters: async () => nodes.map((text) => async () => Buffer.from(text)),
  }
}
const read = (slots: Slots): Promise<Topology> => readTopology(cluster(slots), patience, 'a')

describe('shards of a cluster', () => {
  test('are masters by their slots, which keep what they say of themselves in a slot of their own', async () => {
    const topology = await read(WHOLE)
    expect([...topology.keys()]).toEqual(['slots-0-5460', 'slots-5461-10922', 'slots-10923-16383'])
    for (const { name, state, alive, position } of topology.values()) {
      expect([state, alive].map((key) => shardOf(topology, key))).toEqual([name, name])
      expect(position).toBe(`p:${name}:`)
    }
  })

  test('are the same after a failover, and however their ranges are cut and told', async () => {
    const other: Slots = [
      [10_923, 16_383, 3],
      [100, 5_460, 7],
      [0, 99, 7],
      [5_461, 10_922, 2],
    ]
    expect(isSame(await read(WHOLE), await read(other))).toBe(true)
  })

  test('are others where slots have moved, on both sides, with names that stay short', async () => {
    const moved: Slots = [[0, 0, 3], [1, 5_460, 1], ...WHOLE.slice(1)]
    const [before, after] = [await read(WHOLE), await read(moved)]
    expect(isSame(before, after)).toBe(false)
    expect([...after.keys()].filter((name) => before.has(name))).toEqual(['slots-5461-10922'])
    const scattered = Array.from({ length: 16_384 }, (_, slot) => [slot, slot, slot % 2] as const)
    expect([...(await read(scattered)).keys()].every((name) => name.length < 60)).toBe(true)
  })

  test('a slot that nobody has is told', async () => {
    const key = Buffer.from('a key')
    const slot = slotOf(key)
    const topology = await read([
      [0, slot - 1, 1],
      [slot + 1, 16_383, 2],
    ])
    expect(() => shardOf(topology, key)).toThrow(expect.objectContaining({ code: 'REDIS_AWAY', retryable: true }))
  })
})

describe('all masters', () => {
  const own = (slots: string): string => `${line('master', '7-8')}\n${line('myself,master', slots)}\n`
  const ask = async (nodes: readonly string[]): Promise<number> =>
    (await allMasters(cluster(WHOLE, nodes), patience, await read(WHOLE))).length

  test('are told where no slot is on its way; one without slots does no harm', async () => {
    expect(await ask([own('0-5460'), own('5461-10922'), own('10923-16383')])).toBe(3)
    expect(await ask([own('0-5460'), own('5461-10922'), own('10923-16383'), own('')])).toBe(4)
    // What a node says of others is old.
    expect(await ask([own('0-1'), own('2-3'), `${line('master', '5 [5->-id]')}\n${own('4-5')}`])).toBe(3)
  })

  test.each([
    ['a slot leaves', [own('0-5460 [9->-id]'), own('5461-10922'), own('10923-16383')]],
    ['a slot comes', [own('0-5460'), own('5461-10922 [9-<-id]'), own('10923-16383')]],
    ['the client does not know one', [own('0-5460'), own('5461-10922')]],
  ])('are refused where %s', async (_, nodes) => {
    await expect(ask(nodes)).rejects.toMatchObject({ code: 'REDIS_RESHARDED', retryable: true })
  })
})
