import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ownerOf } from './instance/owner.ts'
import { until } from './instance/until.ts'
import { exchange } from './net/exchange.ts'
import { askRedis } from './redis/ask-redis.ts'
import { startRedis } from './redis/start-redis.ts'
import { canTest } from './testing/can-test.ts'

const limit = { timeoutMs: 60_000 }

describe.skipIf(!(await canTest('redis')))('one Redis', () => {
  test('answers, can be killed and restarted, and leaves nothing', async () => {
    const redis = await startRedis()
    const [node] = redis.nodes
    expect(redis).toMatchObject({ cluster: false, addresses: [node!.address], tls: undefined })
    expect(await askRedis(node!.port, undefined, 'SET', 'k', 'v')).toBe('OK')
    const before = node!.pid!
    await redis.kill(1)
    expect(ownerOf(before)).toBeUndefined()
    await expect(askRedis(node!.port, undefined, 'PING')).rejects.toThrow(/ECONNREFUSED/)
    await redis.restart(1)
    // Nothing was asked to be kept.
    expect(await askRedis(node!.port, undefined, 'EXISTS', 'k')).toBe('0')
    const after = node!.pid!
    await redis.stop()
    expect(ownerOf(after)).toBeUndefined()
    expect(existsSync(dirname(node!.log))).toBe(false)
  })

  test('with a file of changes and a password: data is there again', async () => {
    await using redis = await startRedis({
      appendOnly: true,
      password: 'a "secret"',
      settings: { appendfsync: 'always' },
    })
    const [{ port }] = redis.nodes as [(typeof redis.nodes)[number]]
    await expect(askRedis(port, undefined, 'PING')).rejects.toThrow(/NOAUTH/)
    await askRedis(port, redis.password, 'SET', 'k', 'v')
    await redis.kill(1)
    await redis.restart(1)
    expect(await askRedis(port, redis.password, 'GET', 'k')).toBe('v')
  })

  test('stopped for a while it is silent, and then goes on', async () => {
    await using redis = await startRedis()
    const [{ port }] = redis.nodes as [(typeof redis.nodes)[number]]
    await redis.kill(1, 'SIGSTOP')
    const late = askRedis(port, undefined, 'PING')
    await redis.kill(1, 'SIGCONT')
    expect(await late).toBe('PONG')
    await redis.kill(1, 'SIGSTOP')
  })

  test('TLS answers to those who trust its certificate', async () => {
    await using redis = await startRedis({ tls: true })
    const ask = (ca: string): Promise<string> =>
      exchange({ port: redis.nodes[0]!.tlsPort!, ca }, Buffer.from('PING\r\n'), (got) =>
        got.length < 7 ? undefined : got.toString(),
      )
    expect(await ask(redis.tls!.ca)).toBe('+PONG\r\n')
    await using other = await startRedis({ tls: true })
    await expect(ask(other.tls!.ca)).rejects.toThrow(/self-signed|signature/)
  })
})

describe.skipIf(!(await canTest('redis')))('a cluster of Redis', () => {
  test('three nodes share the keys, and one comes back after kill -9', async () => {
    await using redis = await startRedis({ nodes: 3 })
    expect(redis.cluster).toBe(true)
    const tries = redis.nodes.map(({ port }) =>
      askRedis(port, undefined, 'SET', 'k', 'v').catch((error: Error) => error.message),
    )
    const replies = await Promise.all(tries)
    expect(replies.filter((reply) => reply === 'OK')).toHaveLength(1)
    expect(replies.filter((reply) => /MOVED \d+ 127\.0\.0\.1:\d+/.test(reply))).toHaveLength(2)
    await redis.kill(3)
    await redis.restart(3)
    expect(await askRedis(redis.nodes[2]!.port, undefined, 'CLUSTER', 'INFO')).toContain('cluster_state:ok')
  })

  test('a replica takes over from a killed master, with TLS and a password too', async () => {
    await using redis = await startRedis({ nodes: 6, replicas: 1, tls: true, password: 'secret' })
    const ask = (node: number, ...command: readonly string[]): Promise<string> =>
      askRedis(redis.nodes[node - 1]!.port, redis.password, ...command)
    const mastersOf = async (): Promise<number> => {
      const lines = (await ask(6, 'CLUSTER', 'NODES'))
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[2]!)
      return lines.filter((flags) => /master/.test(flags) && !/fail/.test(flags)).length
    }
    expect(await mastersOf()).toBe(3)
    await redis.kill(1)
    await until('the killed master is missed', async () => /fail/.test(await ask(6, 'CLUSTER', 'NODES')), limit)
    await until('a replica is master in its place', async () => (await mastersOf()) === 3, limit)
  })
})
