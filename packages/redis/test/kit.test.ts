import { fakeRedis } from './fake-redis.ts'
import { sinkKit } from './kit.ts'

const { client } = fakeRedis()
let names = 0
sinkKit(
  () => ({ client }),
  (name) => `${name} ${names++}`,
  50,
)
