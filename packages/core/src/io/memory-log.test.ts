import { expect, test } from 'vitest'
import {
  type LogEntry,
  type MemoryLog,
  decodeKey,
  memoryCheckpoints,
  memoryLog,
  memorySource,
  monotonous,
  pipeline,
  tumbling,
} from '../index.ts'

const sums = (log: MemoryLog, source = memorySource<readonly [key: string, at: number]>(), sink = log.sink) => ({
  source,
  plan: pipeline('counts')
    .from(source)
    .eventTime({ timestamp: ([, at]) => at, watermark: monotonous() })
    .keyBy(([key]) => key)
    .window(tumbling('10ms'))
    .count()
    .to(sink),
})

async function all(log: MemoryLog, limit = 3): Promise<readonly (readonly LogEntry[])[]> {
  const session = await log.open({})
  const found: LogEntry[][] = []
  for (const partition of session.partitions) {
    const entries: LogEntry[] = []
    for (let from = 0n, caughtUp = false; !caughtUp;) {
      const batch = await session.read(partition, from, limit, 0)
      entries.push(...batch.entries)
      ;({ next: from, caughtUp } = batch)
    }
    found.push(entries)
  }
  return found
}

const shown = (entries: readonly LogEntry[]): readonly string[] =>
  entries.map((entry) =>
    entry.kind === 'progress'
      ? `W ${entry.watermark}`
      : `${String(decodeKey(entry.cell.key))} ${entry.cell.start} v${entry.cell.revision} ${entry.timing}`,
  )

test('results lie in the partition of their key, progress behind them in every one', async () => {
  const log = memoryLog({ partitions: 2 })
  const { source, plan } = sums(log)
  source.push([
    ['a', 1],
    ['b', 2],
    ['a', 3],
    ['b', 12],
    ['a', 1],
  ])
  source.finish()
  await plan.start().done
  const partitions = await all(log)
  const results = partitions.map((of) => shown(of).filter((line) => !line.startsWith('W')))
  expect(results.flat().toSorted()).toEqual(['a 0 v0 late', 'a 0 v0 on-time', 'b 0 v0 on-time', 'b 10 v0 on-time'])
  for (const of of partitions) {
    expect(new Set(of.flatMap((e) => (e.kind === 'result' ? [String(decodeKey(e.cell.key))] : []))).size).toBe(1)
    expect(of.map(({ offset }) => offset)).toEqual(of.map((_, i) => BigInt(i)))
    expect(shown(of).at(-1)).toBe('W Infinity')
  }
})

test('a restart that sends an interval again makes no duplicates', async () => {
  const log = memoryLog()
  const checkpoints = memoryCheckpoints()
  let failing = true
  const sink: MemoryLog['sink'] = {
    ...log.sink,
    open: async (task) => ({
      ...(await log.sink.open(task)),
      // Everything is in the log, and the job does not learn it.
      flush: async () => {
        if (failing) throw new Error('lost')
      },
    }),
  }
  const { source, plan } = sums(log, undefined, sink)
  source.push([
    ['a', 1],
    ['a', 12],
    ['a', 23],
  ])
  source.finish()
  await expect(plan.start({ checkpoint: checkpoints }).done).rejects.toThrow(/lost/)
  const before = (await all(log)).flatMap(shown)
  expect(before.length).toBeGreaterThan(0)
  failing = false
  await plan.start({ checkpoint: checkpoints }).done
  const after = (await all(log)).flatMap(shown)
  expect(after.slice(0, before.length)).toEqual(before)
  expect(new Set(after).size).toBe(after.length)
  expect(after.filter((line) => !line.startsWith('W'))).toEqual([
    'a 0 v0 on-time',
    'a 10 v0 on-time',
    'a 20 v0 on-time',
  ])
})

const progress = (watermark: number) => ({ kind: 'progress', task: '0', watermark, tasks: 1, idle: false }) as const

test('a read waits for the next entry, for its time, or until the session is closed', async () => {
  const wakes: (() => void)[] = []
  const log = memoryLog({ clock: { now: () => 0, wakeAt: (_, wake) => (wakes.push(wake), () => {}) } })
  const session = await log.open({})
  const first = session.read('0', 0n, 10, 50)
  log.append([progress(1)])
  expect((await first).entries).toHaveLength(1)
  const timed = session.read('0', 1n, 10, 50)
  wakes.at(-1)?.()
  expect(await timed).toEqual({ entries: [], next: 1n, caughtUp: true })
  const closed = session.read('0', 1n, 10, 50)
  await session.close()
  expect((await closed).entries).toEqual([])
})

test('retention takes the oldest, and says so to who reads them', async () => {
  const log = memoryLog({ retain: 4 })
  log.append([1, 2, 3, 4, 5, 6, 7].map(progress))
  const session = await log.open({})
  expect(await session.bounds('0')).toEqual({ first: 2n, end: 7n })
  log.truncate('0', 4n)
  await expect(session.read('0', 3n, 1, 0)).rejects.toMatchObject({ code: 'OFFSET_LOST' })
  expect((await session.read('0', 4n, 1, 0)).entries).toEqual([{ ...progress(5), offset: 4n }])
  expect(() => memoryLog({ partitions: 0 })).toThrow(/'partitions' of memoryLog: found 0/)
})

test('a sink of panes without accumulators is no way into a log', async () => {
  const log = memoryLog()
  const { source, plan } = sums(log, undefined, { open: log.sink.open })
  source.push([['a', 1]])
  source.finish()
  await expect(plan.start().done).rejects.toThrow(/without its accumulator/)
  expect((await all(log)).flat()).toEqual([])
})
