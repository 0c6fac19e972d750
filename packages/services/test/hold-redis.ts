/** A program that starts a Redis, says its pid and folder, and then does nothing: for tests that kill it. */
import { dirname } from 'node:path'
import { startRedis } from '../src/redis/start-redis.ts'

const redis = await startRedis()
const [node] = redis.nodes
console.log(JSON.stringify({ pid: node!.pid, folder: dirname(node!.log) }))
