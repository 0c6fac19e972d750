// The log that jobs commit to: exactly once over restarts, read while it is written, bounded.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Clock,
  type LogEntry,
  type LoggedResult,
  type Pipeline,
  type ResultsLog,
  type Sink,
  type Source,
  boundedOutOfOrderness,
  collected,
  memoryLog,
  memorySource,
  pipeline,
  tumbling,
} from '@tidemark/core'
import { checkpointStoreChecks, virtualClock } from '@tidemark/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { embeddedCheckpoints, embeddedLog } from './index.ts'

let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tidemark-log-'))
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

interface View {
  readonly at: number
  readonly page: string
}
const VIEWS: readonly View[] = Array.from({ length: 600 }, (_, i) => ({ at: i * 10, page: `p${i % 3}` }))

function counting(source: Source<View> | readonly View[], sink: Sink<never>): Pipeline<unknown, View> {
  return pipeline('counts')
    .from(source as Source<View>)
    .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('0ms') })
    .keyBy((view) => view.page)
    .window(tumbling('1s'))
    .count()
    .to(sink as never) as never
}

/** Time that goes on by a millisecond whenever it is asked for, so that commits come in between. */
function ticking(): Clock {
  let now = 0
  return { now: () => ++now, wakeAt: () => () => {} }
}

async function entriesOf(log: ResultsLog): Promise<readonly LogEntry[]> {
  const session = await log.open({})
  const { first } = await session.bounds(session.partitions[0] as string)
  const { entries } = await session.read(session.partitions[0] as string, first, 1_000_000, 0)
  await session.close()
  return entries
}

const shown = (entries: readonly LogEntry[]): readonly string[] =>
  entries
    .filter((entry): entry is LoggedResult => entry.kind === 'result')
    .map(({ cell: { key, start, end, epoch, revision, value, correction }, timing, isLast, records }) =>
      [key, start, end, epoch, revision, value, correction, timing, isLast, records].map(String).join(),
    )

async function inMemory(): Promise<readonly string[]> {
  const log = memoryLog()
  await counting(VIEWS, log.sink as never).start().done
  return shown(await entriesOf(log))
}

/** Fails when so many batches have been read. */
function failing(after: number): Source<View> {
  let left = after
  return {
    kind: 'failing',
    seekable: true,
    open: async (_, positions) => {
      let at = Number(positions?.[0]?.offset ?? 0n)
      return {
        splits: ['0'],
        pause: () => {},
        resume: () => {},
        committed: async () => {},
        close: async () => {},
        poll: (limit) => {
          if (left-- <= 0) throw new Error('pulled the plug')
          const records = VIEWS.slice(at, at + limit)
          const first = BigInt(at)
          at += records.length
          return { split: '0', records, first, next: BigInt(at), finished: at >= VIEWS.length }
        },
      }
    },
  }
}

test('a log holds what the one in memory does, with offsets in a row, and the last W', async () => {
  const log = embeddedLog({ path })
  await counting(VIEWS, log.sink as never).start().done
  const entries = await entriesOf(log)
  expect(shown(entries)).toEqual(await inMemory())
  expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_, i) => BigInt(i)))
  expect(entries.at(-1)).toMatchObject({ kind: 'progress', watermark: Number.POSITIVE_INFINITY, tasks: 1, idle: false })
})

test('a job that fails again and again, and is started again, leaves the same log', async () => {
  const log = embeddedLog({ path, every: '5ms' })
  let failures = 0
  for (let after = 7; ; after++) {
    const job = counting(failing(after), log.sink as never).start({ clock: ticking(), batchSize: 10 })
    const failed = await job.done.then(
      () => false,
      () => true,
    )
    if (!failed) break
    failures++
  }
  expect(failures).toBeGreaterThan(2)
  expect(shown(await entriesOf(log))).toEqual(await inMemory())
})

/** Turns enough for a job to open, or to take what there is. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('who starts a job a second time owns it', async () => {
  const log = embeddedLog({ path, every: '1ms' })
  const source = memorySource<View>()
  const first = counting(source, log.sink as never).start()
  first.done.catch(() => {})
  await settled()
  await counting(VIEWS, log.sink as never).start().done
  source.push([{ at: 1, page: 'x' }])
  await settled()
  await expect(first.drain()).rejects.toMatchObject({ code: 'FENCED' })
  expect(shown(await entriesOf(log))).toEqual(await inMemory())
})

test('a read waits for what comes, for as long as it may, or until the session ends', async () => {
  const clock = virtualClock()
  const log = embeddedLog({ path, clock })
  const session = await log.open({})
  const soon = session.read('0', 0n, 10, 1_000)
  await counting(VIEWS, log.sink as never).start().done
  expect((await soon).entries.length).toBeGreaterThan(0)
  const { end } = await session.bounds('0')
  let read = false
  const late = session.read('0', end, 10, 1_000).finally(() => (read = true))
  for (let passed = 0; passed < 1_000; passed += 50) {
    await new Promise((resolve) => setImmediate(resolve))
    expect(read).toBe(false)
    clock.advance(50)
  }
  expect(await late).toEqual({ entries: [], next: end, caughtUp: true })
  const stop = new AbortController()
  const other = await log.open({ signal: stop.signal })
  const never = other.read('0', end, 10, 1e9)
  stop.abort()
  expect((await never).entries).toEqual([])
  await other.close()
  await session.close()
})

test('retention keeps at least what was asked for, and says what is lost', async () => {
  const log = embeddedLog({ path, retain: 10 })
  await counting(VIEWS, log.sink as never).start().done
  const session = await log.open({})
  const { first, end } = await session.bounds('0')
  expect(end - first).toBe(10n)
  await expect(session.read('0', first - 1n, 10, 0)).rejects.toMatchObject({ code: 'OFFSET_LOST' })
  await expect(session.read('0', end + 1n, 10, 0)).rejects.toMatchObject({ code: 'OFFSET_LOST' })
  expect((await session.read('0', first, 7, 0)).next).toBe(first + 7n)
  await session.close()
})

test('logs of one folder are apart', async () => {
  const [one, other] = [embeddedLog({ path }), embeddedLog({ path, name: 'other' })]
  await counting(VIEWS, one.sink as never).start().done
  expect(await entriesOf(other)).toEqual([])
})

test('checkpoints: a job that writes elsewhere goes on, and publishes no second history', async () => {
  const checkpoint = embeddedCheckpoints({ path, every: '5ms' })
  const sink = collected<never>()
  let failures = 0
  for (let after = 7; ; after++) {
    const job = counting(failing(after), sink).start({ checkpoint, clock: ticking(), batchSize: 10 })
    const failed = await job.done.then(
      () => false,
      () => true,
    )
    if (!failed) break
    failures++
  }
  expect(failures).toBeGreaterThan(2)
  const plain = collected<never>()
  await counting(VIEWS, plain).start().done
  const values = (items: readonly unknown[]): ReadonlySet<string> =>
    new Set(
      (items as readonly { key: string; window: object; value: number }[]).map(({ key, window, value }) =>
        JSON.stringify({ key, window, value }),
      ),
    )
  expect(values(sink.items)).toEqual(values(plain.items))
})

test.each(checkpointStoreChecks(() => embeddedCheckpoints({ path: mkdtempSync(join(path, 'one-')) })))(
  'checkpoints: $name',
  ({ run }) => run(),
  30_000,
)

test('options that do not fit are refused', () => {
  expect(() => embeddedLog({ path, retain: 0 })).toThrow(expect.objectContaining({ code: 'BAD_EMBEDDED' }))
  expect(() => embeddedLog({ path, every: '0s' })).toThrow(expect.objectContaining({ code: 'BAD_DURATION' }))
  expect(() => embeddedCheckpoints({ path: '' })).toThrow(expect.objectContaining({ code: 'BAD_EMBEDDED' }))
})
