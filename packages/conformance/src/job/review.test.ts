/** What a review found once: each stays found. */
import { expect, test } from 'vitest'
import {
  type DeadLetter,
  collected,
  forEach,
  hopping,
  latestValues,
  memoryCheckpoints,
  memorySource,
  monotonous,
  pipeline,
  tumbling,
} from '@tidemark/core'
import { continuousRefinement } from '@tidemark/triggers'
import { virtualClock } from '@tidemark/testing'
import { someTurns, until } from './until.ts'

interface Event {
  readonly at: number
}
const time = { timestamp: (e: Event) => e.at, watermark: monotonous() } as const
const some: readonly Event[] = [{ at: 1 }, { at: 2 }, { at: 70_000 }]

test.each([1, 1_024])('a filter of results withdraws whatever the batches (%d)', async (batchSize) => {
  const store = latestValues<string, number>()
  const keyed = pipeline('p')
    .from(some)
    .eventTime(time)
    .keyBy(() => 'k')
  const counts = keyed.window(tumbling('1m'), { trigger: continuousRefinement() }).count()
  await counts
    .filter((n) => n < 2)
    .to(store)
    .start({ batchSize }).done
  expect([...store.entries()].map(([, { start }, n]) => [start, n])).toEqual([[60_000, 1]])
})

test('a slow sink makes no split idle', async () => {
  const source = memorySource<Event>({ splits: ['a', 'b'] })
  const clock = virtualClock()
  let release: (() => void) | undefined
  let held = false
  const sink = forEach(() => {
    if (held) return undefined
    held = true
    return new Promise<void>((resolve) => {
      release = resolve
    })
  })
  const job = pipeline('p')
    .from(source)
    .eventTime({ ...time, idleAfter: '100ms' })
    .keyBy(() => 'k')
    .window(tumbling('1s'), { trigger: continuousRefinement() })
    .count()
    .to(sink)
    .start({ clock })
  source.push([{ at: 1_000 }], { split: 'a' })
  source.push([{ at: 1_000 }], { split: 'b' })
  await until(() => release !== undefined)
  source.push([{ at: 1_001 }, { at: 1_002 }], { split: 'a' })
  source.push([{ at: 51_000 }], { split: 'b' })
  clock.advance('10s')
  await someTurns()
  release?.()
  source.finish()
  await job.done
  expect(job.metrics().get('window.tooLate')).toBe(0)
})

test('with a checkpoint each dead-letter sink gets its own letters', async () => {
  const [a, b] = [collected<DeadLetter>(), collected<DeadLetter>()]
  const fails = (n: number) => (e: Event) => {
    if (e.at === n) throw new Error(String(n))
    return e
  }
  await pipeline('p')
    .from(some)
    .map(fails(1), { onError: { deadLetterTo: a } })
    .map(fails(2), { onError: { deadLetterTo: b } })
    .to(collected<Event>())
    .start({ checkpoint: memoryCheckpoints() }).done
  expect([a.items.map(({ original }) => original), b.items.map(({ original }) => original)]).toEqual([
    [{ at: 1 }],
    [{ at: 2 }],
  ])
})

test('results come whatever the role of the sink; a best-effort sink that waits for nothing gets large batches', async () => {
  const records = Array.from({ length: 500 }, (_, i) => ({ at: i }))
  const out = collected<unknown>()
  const windows = pipeline('p')
    .from(records)
    .eventTime(time)
    .keyBy(() => 'k')
    .window(hopping('60s', { every: '1s' }), { trigger: continuousRefinement() })
  let seen = 0
  const job = windows
    .count()
    .to(out as never, { role: 'bestEffort' })
    .start()
  for await (const _ of job.results()) seen++
  expect(seen).toBe(30_000)
  expect(out.items).toHaveLength(30_000)
})

test('a reader that leaves before its first item holds nothing up', async () => {
  const records = Array.from({ length: 50 }, (_, i) => ({ at: i * 60_000 }))
  const job = pipeline('p')
    .from(records)
    .eventTime(time)
    .keyBy(() => 'k')
    .window(tumbling('1m'))
    .count()
    .to(collected() as never)
    .start()
  await job.results({ buffer: 1 })[Symbol.asyncIterator]().return?.()
  await job.done
  expect(job.health().state).toBe('completed')
})
