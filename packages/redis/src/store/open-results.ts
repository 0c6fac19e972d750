/** Owns how results in Redis are opened: by a client that is connected, on servers that do not forget by themselves. */
import { type Aggregation, problem } from '@tidemark/core'
import { type Patience, persist } from '../client/patient.ts'
import type { Commands } from '../client/port.ts'
import { RedisHotSession } from './hot-session.ts'
import type { RedisSettings } from './options.ts'
import { Shards } from './shards.ts'

/** The shards that hold the results of a name. */
export async function openShards(settings: RedisSettings, name: string): Promise<Shards> {
  const { commands, patience, allowEviction } = settings
  checkReady(commands)
  if (!allowEviction) await checkMemory(commands, patience)
  return Shards.open(commands, patience, name)
}

/**
 * `keepMs`: how long results stay at least, in event time behind the watermark.
 * @throws StreamError REDIS_OTHER_WINDOWS where results of this name lie in buckets for windows of another size
 */
export async function openResults(
  settings: RedisSettings,
  shards: Shards,
  keepMs: number,
  aggregation: Aggregation,
): Promise<RedisHotSession> {
  const { windowMs } = aggregation
  if (!Number.isSafeInteger(windowMs) || windowMs < 1) {
    throw problem('BAD_WINDOW', `'windowMs' of the results '${aggregation.name}'`, {
      found: String(windowMs),
      expected: 'the size of its windows, a whole number of milliseconds',
      remedy: 'It decides how many windows lie in one hash, and must not change.',
    })
  }
  const session = new RedisHotSession(settings, keepMs, aggregation, shards)
  await shards.checkWindows(windowMs)
  await session.state()
  return session
}

function checkReady(commands: Commands): void {
  if (commands.isReady) return
  throw problem('REDIS_NOT_CONNECTED', 'Opening results in Redis', {
    found: 'a client that is not connected',
    expected: 'a connected one',
    remedy: 'await client.connect() before, and listen to its error events.',
  })
}

/** A server that throws keys away would lose results that nothing else holds yet. */
async function checkMemory(commands: Commands, patience: Patience): Promise<void> {
  for (const send of await persist(patience, 'Asking for the masters', () => commands.masters())) {
    const info = String(await persist(patience, 'Asking for the memory of Redis', () => send(['INFO', 'memory'])))
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction'
    if (policy === 'noeviction') continue
    throw problem('REDIS_EVICTS', 'The memory of Redis', {
      found: `maxmemory-policy ${policy}`,
      expected: 'noeviction: a full server must refuse results, not forget some',
      remedy: 'Run CONFIG SET maxmemory-policy noeviction, or accept losses by allowEviction: true.',
    })
  }
}
