// The clients of @redis/client as they are typed: whatever protocol, scripts or modules they are made with, they fit.
import { createClient, createCluster } from '@redis/client'
import { expectTypeOf, test } from 'vitest'
import { redisStore } from '../store/redis-store.ts'
import type { RedisClientSlice, RedisClusterSlice, RedisSlice } from './port.ts'

test('one server', () => {
  const plain = createClient({ disableOfflineQueue: true })
  expectTypeOf(plain).toExtend<RedisClientSlice>()
  expectTypeOf(createClient({ RESP: 3 })).toExtend<RedisClientSlice>()
  expectTypeOf(createClient({ RESP: 2, socket: { tls: true }, username: 'a', password: 'b' })).toExtend<RedisSlice>()
  expectTypeOf(redisStore).toBeCallableWith({ client: plain, serveFor: '14d' })
})

test('a cluster', () => {
  const cluster = createCluster({ rootNodes: [{ url: 'redis://localhost:6379' }], defaults: { username: 'a' } })
  expectTypeOf(cluster).toExtend<RedisClusterSlice>()
  expectTypeOf(createCluster({ rootNodes: [], RESP: 3 })).toExtend<RedisClusterSlice>()
  expectTypeOf(redisStore).toBeCallableWith({ client: cluster, serveFor: '14d' })
})

test('what is no client does not', () => {
  expectTypeOf<{ multi(): unknown }>().not.toExtend<RedisSlice>()
})
