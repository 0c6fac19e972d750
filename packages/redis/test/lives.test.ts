// What a server has acknowledged may be gone when it begins anew: no position may speak for it, and no reader mix the two.
import type { HotSession } from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import { redisStore } from '../src/index.ts'
import { MOVE, type Script, WRITE } from '../src/store/scripts.ts'
import { type FakeRedis, fakeRedis } from './fake-redis.ts'
import { bytes, cell } from './stage.ts'

const key = bytes('k')
const step = (from: bigint | undefined, to: bigint) => ({
  watermark: 0,
  move: { partition: 'p', from, to: { offset: to, watermark: 0 } },
})

interface Scene {
  readonly redis: FakeRedis
  readonly session: HotSession
  /** Does something before the next call of a script, or the next read of a bucket. */
  readonly before: (what: Script | 'bucket', act: () => unknown) => void
}

async function sceneOf(tells: boolean): Promise<Scene> {
  const redis = fakeRedis({ tells })
  const waiting: { readonly is: (args: readonly unknown[]) => boolean; readonly act: () => unknown }[] = []
  const client = {
    ...redis.client,
    sendCommand: async (...sent: readonly unknown[]) => {
      const at = waiting.findIndex(({ is }) => is(sent[0] as readonly unknown[]))
      if (at >= 0) await waiting.splice(at, 1)[0]?.act()
      return redis.client.sendCommand(...(sent as [never]))
    },
  }
  const store = redisStore({ client, serveFor: '1h' })
  return {
    redis,
    session: await store.open({ name: 'r', windowMs: 10 }),
    before: (what, act) =>
      waiting.push({
        is: ([name, first]) =>
          what === 'bucket'
            ? name === 'HGETALL' && !String(first).startsWith('tms')
            : name === 'EVALSHA' && first === what.sha,
        act,
      }),
  }
}

const loses = (redis: FakeRedis) => () => redis.restart((name) => !name.startsWith('tms'))

describe.each([
  ['tells of its connections', true],
  ['does not', false],
])('a client that %s', (_, tells) => {
  const scene = (): Promise<Scene> => sceneOf(tells)

  test('cells that were acknowledged in another life move no position: they are written again', async () => {
    const { redis, session, before } = await scene()
    await session.write('0', [cell('k', 10, 0)], step(undefined, 1n))
    before(MOVE, loses(redis))
    const { moved, applied } = await session.write('0', [cell('k', 20, 0)], step(1n, 2n))
    expect([moved, applied?.offset]).toEqual([false, 1n])
    expect((await session.read([key], 0, 100)).cells).toEqual([[]])
    expect((await session.write('0', [cell('k', 20, 0)], step(1n, 2n))).moved).toBe(true)
    expect((await session.read([key], 0, 100)).cells[0]).toHaveLength(1)
  })

  test('a step without cells has nothing to lose', async () => {
    const { redis, session, before } = await scene()
    before(MOVE, () => redis.restart())
    expect((await session.write('0', [], step(undefined, 1n))).moved).toBe(true)
  })

  test('what a write under way may show is announced', async () => {
    const { session, before } = await scene()
    await session.write('0', [cell('k', 10, 0)], step(undefined, 1n))
    let seen: Awaited<ReturnType<HotSession['read']>> | undefined
    before(MOVE, async () => (seen = await session.read([key], 0, 100)))
    await session.write('0', [cell('k', 10, 1)], step(1n, 2n))
    const state = seen?.shards.get('0')
    expect(seen?.cells[0]?.map(({ revision }) => revision)).toEqual([1])
    expect([state?.applied.get('p')?.offset, state?.announced?.get('p')]).toEqual([1n, 2n])
  })

  test('an announcement does not become smaller', async () => {
    const { session } = await scene()
    for (const to of [9n, 100n, 20n]) await session.write('0', [cell('k', 10, 0)], step(77n, to))
    expect((await session.state()).get('0')?.announced).toEqual(new Map([['p', 100n]]))
  })

  test('a read is of one life, states and cells', async () => {
    const { redis, session, before } = await scene()
    await session.write('0', [cell('k', 10, 0)], step(undefined, 1n))
    const { shards: first } = await session.read([key], 0, 100)
    before('bucket', () => redis.restart(() => true))
    const { cells, shards } = await session.read([key], 0, 100)
    expect(cells).toEqual([[]])
    expect(shards.get('0')?.applied.size).toBe(0)
    expect(shards.get('0')?.life).not.toBe(first.get('0')?.life)
  })

  test('a server that begins anew all the time is away', async () => {
    const { redis, session, before } = await scene()
    for (let i = 0; i < 3; i++) before('bucket', () => redis.restart())
    await expect(session.read([key], 0, 100)).rejects.toMatchObject({ code: 'REDIS_AWAY', retryable: true })
    expect((await session.read([key], 0, 100)).cells).toEqual([[]])
  })

  test('a write that a restart falls into is whole, or moves nothing', async () => {
    const { redis, session, before } = await scene()
    // The first group is acknowledged and lost, the others are not.
    const cells = Array.from({ length: 1_000 }, (_, i) => cell('k', 10 * (i + 1), 0))
    before(WRITE, () => before(WRITE, loses(redis)))
    const { moved } = await session.write('0', cells, step(undefined, 1n))
    expect(moved).toBe(false)
    expect((await session.write('0', cells, step(undefined, 1n))).moved).toBe(true)
    expect((await session.read([key], 0, 10_000)).cells[0]).toHaveLength(1_000)
  })
})
