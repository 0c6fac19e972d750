// Second attempts, against the twin of a server that answers as a real one does when it is in trouble.
import type { Clock, HotSession } from '@tidemark/core'
import { beforeEach, describe, expect, test } from 'vitest'
import { fewAtATime } from '../src/client/patient.ts'
import { type RedisStoreOptions, redisSink, redisStore } from '../src/index.ts'
import { type FakeRedis, fakeRedis } from './fake-redis.ts'
import { bytes, cell } from './stage.ts'

/** Time passes when it is waited for, and so nothing waits. */
function hastyClock(): Clock {
  let now = 0
  return {
    now: () => now,
    wakeAt: (at, wake) => {
      let waiting = true
      // After answers that are there already: those are in time.
      setImmediate(() => {
        if (!waiting) return
        now = Math.max(now, at)
        wake()
      })
      return () => {
        waiting = false
      }
    },
  }
}

let redis: FakeRedis
beforeEach(() => {
  redis = fakeRedis()
})
const open = (options: Partial<RedisStoreOptions> = {}): Promise<HotSession> =>
  redisStore({ client: redis.client, serveFor: '1h', patience: '10s', clock: hastyClock(), ...options }).open({
    name: 'a',
    windowMs: 10,
  })

describe('a server in trouble', () => {
  test.each([
    'READONLY You can not write against a read only replica.',
    'LOADING Redis is loading the dataset in memory',
    'MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to no.',
    'CLUSTERDOWN The cluster is down',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'MOVED 3999 127.0.0.1:6381',
    'BUSY Redis is busy running a script.',
    'The client is closed',
  ])('%s: it is written when that has passed', async (error) => {
    const session = await open()
    const before = redis.count('EVALSHA')
    redis.fail('EVALSHA', error, error, error)
    await session.write('0', [cell('k', 10, 1)], { watermark: 0 })
    expect(redis.count('EVALSHA') - before).toBe(4)
    redis.fail('HGETALL', error)
    expect((await session.read([bytes('k')], 0, 10)).cells[0]).toHaveLength(1)
  })

  test('a server that stays so is an error when patience is over, with what it said and how long it took', async () => {
    const session = await open()
    redis.fail('EVALSHA', ...Array.from({ length: 1_000 }, () => 'LOADING Redis is loading the dataset in memory'))
    await expect(session.write('0', [cell('k', 10, 1)], { watermark: 0 })).rejects.toMatchObject({
      code: 'REDIS_AWAY',
      retryable: true,
      message: expect.stringMatching(/LOADING.*Tried for \d+ ms/),
    })
    expect(redis.count('EVALSHA')).toBeLessThan(40)
  })

  test.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", 'REDIS_FULL', true],
    ['NOAUTH Authentication required.', 'REDIS_DENIED', false],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'REDIS_DENIED', false],
    ["NOPERM User stats has no permissions to run the 'evalsha' command", 'REDIS_DENIED', false],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'REDIS_NOT_OURS', false],
    ["ERR unknown command 'EVALSHA'", 'REDIS_REFUSED', false],
  ])('%s is told at once', async (error, code, retryable) => {
    const session = await open()
    const before = redis.count('EVALSHA')
    redis.fail('EVALSHA', error)
    await expect(session.write('0', [cell('k', 10, 1)], { watermark: 0 })).rejects.toMatchObject({ code, retryable })
    expect(redis.count('EVALSHA') - before).toBe(1)
  })

  test('a script that was lost is sent whole, once', async () => {
    const session = await open()
    const before = [redis.count('EVALSHA'), redis.count('EVAL')] as const
    const sent = (): unknown => [redis.count('EVALSHA') - before[0], redis.count('EVAL') - before[1]]
    await session.write('0', [cell('k', 10, 1)], { watermark: 0 })
    await session.write('0', [cell('k', 10, 2)], { watermark: 0 })
    expect(sent()).toEqual([2, 1])
    redis.forget()
    await session.write('0', [cell('k', 10, 3)], { watermark: 0 })
    expect(sent()).toEqual([3, 2])
  })
})

test.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])(
  'a server with %s is refused by stores and sinks, unless that is allowed',
  async (maxmemoryPolicy) => {
    redis = fakeRedis({ maxmemoryPolicy })
    const { client } = redis
    const sink = (allowEviction: boolean) =>
      redisSink({ client, keepFor: '1h', allowEviction }).open({ id: '0', signal: new AbortController().signal })
    const refused = {
      code: 'REDIS_EVICTS',
      message: expect.stringContaining(`found maxmemory-policy ${maxmemoryPolicy}`),
    }
    await expect(open()).rejects.toMatchObject(refused)
    await expect(sink(false)).rejects.toMatchObject(refused)
    const session = await open({ allowEviction: true })
    await session.write('0', [cell('k', 10, 1)], { watermark: 0 })
    expect((await session.read([bytes('k')], 0, 10)).cells[0]).toHaveLength(1)
    await (await sink(true)).close()
  },
)

describe('a few at a time', () => {
  test('no more than that are on their way', async () => {
    let [now, most] = [0, 0]
    await fewAtATime([...Array(20).keys()], 3, async () => {
      most = Math.max(most, ++now)
      await Promise.resolve()
      now--
    })
    expect([now, most]).toEqual([0, 3])
  })

  test('after a failure none begins, and the end comes when what was on its way has ended', async () => {
    const ends: (() => void)[] = []
    const begun: number[] = []
    const all = fewAtATime([0, 1, 2, 3, 4, 5], 3, async (item) => {
      begun.push(item)
      if (item === 1) throw new Error('no')
      await new Promise<void>((end) => ends.push(end))
    })
    let ended = false
    const settled = all.catch((error: unknown) => {
      ended = true
      return error
    })
    ends[0]?.()
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    expect({ begun, ended }).toEqual({ begun: [0, 1, 2], ended: false })
    ends[1]?.()
    expect(await settled).toMatchObject({ message: 'no' })
    expect(begun).toEqual([0, 1, 2])
  })
})
