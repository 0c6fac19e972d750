// The contract of sinks on a real Redis.
import { createClient } from '@redis/client'
import { type Redis, canTest, startRedis } from '@tidemark/services'
import { afterAll, beforeAll, describe } from 'vitest'
import { sinkKit } from './kit.ts'

describe.skipIf(!(await canTest('redis')))('Redis', () => {
  let server: Redis
  let client: ReturnType<typeof createClient>
  beforeAll(async () => {
    server = await startRedis()
    client = createClient({ url: `redis://127.0.0.1:${server.nodes[0]?.port}`, disableOfflineQueue: true })
    await client.connect()
  })
  afterAll(async () => {
    client.destroy()
    await server.stop()
  })
  let names = 0
  sinkKit(
    () => ({ client }),
    (name) => `${name} ${names++}`,
    Number(process.env['TIDEMARK_SEEDS'] ?? 50),
  )
})
