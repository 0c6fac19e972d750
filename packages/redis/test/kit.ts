// What every sink promises, by the kit that anybody may use for their own, wherever Redis is.
import { type StandingResult, sinkChecks } from '@tidemark/testing'
import { type Cell, decodeKey, decodeStoredResult } from '@tidemark/core'
import { describe, test } from 'vitest'
import { type RedisOptions, redisSink, redisStore } from '../src/index.ts'

const MINUTE = 60_000

function rowOf({ key, start, end, value, correction }: Cell): readonly StandingResult[] {
  if (value === null || correction !== '') return []
  const number = Number(Buffer.from(decodeStoredResult(value).body).toString())
  return [{ key: decodeKey(key) as string, window: { start, end }, value: number }]
}

export function sinkKit(where: () => RedisOptions, fresh: (name: string) => string, runs: number): void {
  const bench = () => {
    const name = fresh('kit')
    return {
      sink: redisSink<string, number>({ ...where(), keepFor: '36500d', name, windowSize: '1m' }),
      standing: async () => {
        const session = await redisStore({ ...where(), serveFor: '1h' }).open({ name, windowMs: MINUTE })
        const found: StandingResult[] = []
        for await (const cells of session.slice(-10 * MINUTE, 40_000_000 * MINUTE)) found.push(...cells.flatMap(rowOf))
        return found
      },
    }
  }
  describe('the contract of sinks', () => {
    test.each(sinkChecks(bench, { runs }))('$name', ({ run }) => run(), 60_000)
  })
}
