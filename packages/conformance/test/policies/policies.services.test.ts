// What each policy writes to a real Redis, counted; the table of docs/redis.md is this. What stands in the end is the same.
import { readFileSync } from 'node:fs'
import { createClient } from '@redis/client'
import {
  type Pane,
  type PaneGate,
  type Sink,
  type TimeWindow,
  type Trigger,
  arrivalClock,
  boundedOutOfOrderness,
  decodeKey,
  decodeStoredResult,
  pipeline,
  replay,
  tumbling,
  watermarkThenUpdates,
} from '@tidemark/core'
import { redisSink, redisStore } from '@tidemark/redis'
import { type Redis, canTest, startRedis } from '@tidemark/services'
import {
  atMostEvery,
  completeMode,
  continuousRefinement,
  earlyAndLate,
  emitOnClose,
  everyEventTime,
  suppress,
  updateMode,
} from '@tidemark/triggers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const POLICIES: readonly (readonly [name: string, trigger: Trigger<TimeWindow>, gate?: PaneGate])[] = [
  ['emitOnClose()', emitOnClose()],
  ['watermarkThenUpdates()', watermarkThenUpdates()],
  ['earlyAndLate()', earlyAndLate()],
  ["earlyAndLate({ earlyEvery: '10s' })", earlyAndLate({ earlyEvery: '10s' })],
  ["earlyAndLate({ earlyEvery: '10s', lateEvery: '30s' })", earlyAndLate({ earlyEvery: '10s', lateEvery: '30s' })],
  ["everyEventTime('20s')", everyEventTime('20s')],
  ["updateMode({ every: '30s' })", updateMode({ every: '30s' })],
  ["completeMode({ every: '30s' })", completeMode({ every: '30s' })],
  ["suppress.untilTimeLimit('30s', …)", suppress.untilTimeLimit('30s', { maxKeys: 1_000, onFull: 'emitEarly' })],
  ['continuousRefinement()', continuousRefinement()],
  ["continuousRefinement() behind atMostEvery('10s')", continuousRefinement(), atMostEvery('10s')],
]

const T0 = Date.UTC(2026, 0, 1)
const SECOND = 1_000
const MINUTE = 60 * SECOND
/** An hour of four pages, a view every two seconds; every tenth comes ninety seconds late. */
const views = Array.from({ length: 1_800 }, (_, i) => {
  const seen = T0 + 2 * SECOND * i
  return { page: `/${Math.floor(i / 3) % 4}`, at: i % 10 === 9 ? seen - 90 * SECOND : seen, seen }
})

type Counts = Sink<Pane<string, number>>

/** Counts what goes to a sink. */
function counted(sink: Counts): { readonly sink: Counts; readonly writes: () => number } {
  let writes = 0
  const open: Counts['open'] = async (task) => {
    const writer = await sink.open(task)
    return {
      write: (panes) => {
        writes += panes.length
        return writer.write(panes)
      },
      progress: (watermark) => writer.progress(watermark),
      flush: () => writer.flush(),
      close: () => writer.close(),
    }
  }
  return { sink: { ...sink, open }, writes: () => writes }
}

describe.skipIf(!(await canTest('redis')))('policies on Redis', () => {
  let server: Redis
  let client: ReturnType<typeof createClient>
  beforeAll(async () => {
    server = await startRedis()
    client = createClient({ url: `redis://127.0.0.1:${server.nodes[0]?.port}`, disableOfflineQueue: true })
    await client.connect()
  })
  afterAll(async () => {
    client?.destroy()
    await server?.stop()
  })

  const standing = async (name: string): Promise<ReadonlyMap<string, number>> => {
    const session = await redisStore({ client, serveFor: '1d' }).open({ name, windowMs: MINUTE })
    const found = new Map<string, number>()
    for await (const cells of session.slice(T0 - 60 * MINUTE, T0 + 120 * MINUTE))
      for (const { key, start, value } of cells)
        if (value !== null)
          found.set(
            `${decodeKey(key) as string} ${start}`,
            Number(Buffer.from(decodeStoredResult(value).body).toString()),
          )
    return found
  }
  const expected = new Map<string, number>()
  for (const { page, at } of views) {
    const place = `${page} ${Math.floor(at / MINUTE) * MINUTE}`
    expected.set(place, (expected.get(place) ?? 0) + 1)
  }

  const written = async (name: string, trigger: Trigger<TimeWindow>, gate?: PaneGate): Promise<readonly string[]> => {
    const { sink, writes } = counted(redisSink<string, number>({ client, keepFor: '36500d', name }))
    await pipeline('views')
      .from(replay(views, { arrivedAt: (view) => view.seen }))
      .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('10s') })
      .keyBy((view) => view.page)
      .window(tumbling('1m'), { trigger, allowedLateness: '2m', ...(gate === undefined ? {} : { gate }) })
      .count()
      .to(sink)
      .start({ clock: arrivalClock() }).done
    expect(await standing(name)).toEqual(expected)
    return [name, `${writes()}`, (writes() / expected.size).toFixed(1)]
  }

  test('leave the same results, by as many writes as the table says', async () => {
    const rows: (readonly string[])[] = []
    for (const policy of POLICIES) rows.push(await written(...policy))
    const page = readFileSync(new URL('../../../../docs/redis.md', import.meta.url), 'utf8')
    const table = [...page.matchAll(/^\| (`.+`.*) \| (\d+) \| ([\d.]+) \|$/gm)].map(([, ...cells]) => cells)
    expect(table.map((cells) => cells.map((cell) => cell?.replaceAll('`', '')))).toEqual(rows)
  })
})
