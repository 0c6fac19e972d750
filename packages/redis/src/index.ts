/** Redis for Tidemark: the hot layer of two serving tiers, and a sink of pipelines. */
export { type RedisStoreOptions, redisStore } from './store/redis-store.ts'
export { type RedisSinkOptions, redisSink } from './sink/redis-sink.ts'
export type { RedisOptions } from './store/options.ts'
export type { RedisClientSlice, RedisClusterSlice, RedisSlice } from './client/port.ts'
