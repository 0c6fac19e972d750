// What the sink and the source promise, wherever the gateway is.
import {
  type Pane,
  type Sink,
  type TimeWindow,
  collected,
  memoryCheckpoints,
  monotonous,
  pipeline,
  tumbling,
} from '@tidemark/core'
import { type SinkBench, type SourceBench, sinkChecks, sourceChecks } from '@tidemark/testing'
import { describe, expect, test } from 'vitest'
import { type HBaseRow, type HBaseSourceOptions, type HBaseStoreOptions, hbaseSink, hbaseSource } from '../src/index.ts'
import { STANDING, scores } from './scores.ts'

export type At = Pick<HBaseStoreOptions, 'thrift' | 'patience' | 'clock' | 'warn'>

/** Everything under a name, each record of the source. */
export async function rowsOf(
  at: At,
  table: string,
  more: Pick<HBaseSourceOptions<number>, 'name' | 'from' | 'to'> = {},
): Promise<readonly HBaseRow<string, number>[]> {
  const rows = collected<HBaseRow<string, number>>()
  await pipeline('archive')
    .from(hbaseSource<string, number>({ ...at, table, ...more }))
    .to(rows)
    .start().done
  return rows.items
}

const task = {
  id: '0',
  durable: true,
  signal: { aborted: false, addEventListener: () => {}, removeEventListener: () => {} },
}

/** Of many, each under a name of its own in one table. */
interface Place {
  readonly table: string
  readonly name: string
}

/** Minutes whose counts are the numbers. */
async function sourceBench(at: At, place: Place): Promise<SourceBench<HBaseRow<string, number>>> {
  const window = (n: number): TimeWindow => ({ start: 60_000 * (n - 20), end: 60_000 * (n - 19) })
  const sink = hbaseSink<string, number>({ ...at, ...place, windowSize: '1m' })
  // A reader does not make the table.
  await (await sink.open(task)).close()
  return {
    source: hbaseSource<string, number>({ ...at, ...place }),
    splits: ['0'],
    add: async (_, numbers) => {
      const writer = await sink.open(task)
      await writer.write(numbers.map((n) => valuePane(`k${n % 7}`, window(n), n)))
      await writer.close()
    },
    numberOf: (row) => (row.kind === 'value' ? row.value : Number.NaN),
    infoOf: (n) => ({ key: `k${n % 7}`, timestamp: window(n).end }),
    bounded: true,
    unordered: true,
  }
}

function valuePane(key: string, window: TimeWindow, value: number): Pane<string, number> {
  const about = { timing: 'on-time', isFirst: true, isLast: true, records: 1, lateRecords: 0 } as const
  return { kind: 'value', key, window, index: 0, epoch: 0, watermark: window.end, emittedAt: 0, value, ...about }
}

async function sinkBench(at: At, { table, name }: Place): Promise<SinkBench> {
  const sink = hbaseSink<string, number>({ ...at, table, name, windowSize: '1m' })
  // A reader does not make the table.
  await (await sink.open(task)).close()
  return {
    sink,
    standing: async () => {
      const rows = await rowsOf(at, table, { name })
      return rows.flatMap((row) => (row.kind === 'value' ? [row] : []))
    },
    durableOnly: true,
  }
}

/** `runs`: how many random histories. */
export function directContract(title: string, where: () => At, table: (name: string) => string, runs: number): void {
  const timeout = 60_000 + 2_000 * runs
  const kit = table('kit')
  let names = 0
  const place = (): Place => ({ table: kit, name: `${names++}` })
  describe(`the contract of sinks: ${title}`, () => {
    test.each(sinkChecks(() => sinkBench(where(), place()), { runs }))('$name', ({ run }) => run(), timeout)
  })

  describe(`the contract of sources: ${title}`, () => {
    test.each(sourceChecks(() => sourceBench(where(), place()), { runs }))('$name', ({ run }) => run(), timeout)
  })

  describe(`a pipeline straight into a table: ${title}`, () => {
    const minutes = (sink: Sink<Pane<string, number>>, count: number) =>
      pipeline('minutes')
        .from(Array.from({ length: count }, (_, i) => ({ key: `k${i % 3}`, at: 10_000 * i })))
        .eventTime({ timestamp: (record) => record.at, watermark: monotonous() })
        .keyBy((record) => record.key)
        .window(tumbling('1m'))
        .count()
        .to(sink)

    test('sessions that grew into each other: what was withdrawn is not there, 36 and 12 stand', async () => {
      const name = table('scores')
      await scores(hbaseSink({ ...where(), table: name }), memoryCheckpoints()).done
      const rows = await rowsOf(where(), name)
      const standing = rows.flatMap((row) =>
        row.kind === 'value' ? [[row.value, row.window.start, row.window.end]] : [],
      )
      expect(standing.sort(([, a = 0], [, b = 0]) => a - b)).toEqual(STANDING)
      // Seven sessions were published and withdrawn; their tombstones keep them from coming back.
      expect(rows.filter(({ kind }) => kind === 'retraction')).toHaveLength(7)
      expect(new Set(rows.map(({ key }) => key))).toEqual(new Set(['team']))
      // The same job again, as after the loss of its checkpoint's last word: nothing changes.
      await scores(hbaseSink({ ...where(), table: name }), memoryCheckpoints()).done
      expect((await rowsOf(where(), name)).map((row) => JSON.stringify(row)).sort()).toEqual(
        rows.map((row) => JSON.stringify(row)).sort(),
      )
    })

    test('counts come back as records with key, window, version and what the pane said', async () => {
      const name = table('minutes')
      const sink = hbaseSink<string, number>({ ...where(), table: name, windowSize: '1m' })
      await minutes(sink, 60).start({ checkpoint: memoryCheckpoints() }).done
      const rows = await rowsOf(where(), name)
      expect(rows).toHaveLength(30)
      expect(rows).toContainEqual({
        kind: 'value',
        key: 'k1',
        window: { start: 60_000, end: 120_000 },
        revision: 0,
        timing: 'on-time',
        isLast: true,
        records: 2,
        lateRecords: 0,
        value: 2,
      })
      const some = await rowsOf(where(), name, { from: 60_000, to: 180_000 })
      expect(new Set(some.map(({ window }) => window.end))).toEqual(new Set([120_000, 180_000]))
    })

    test('a job without a checkpoint is refused, and so is one that writes with best effort', async () => {
      const name = table('refused')
      const sink = hbaseSink<string, number>({ ...where(), table: name })
      await expect(minutes(sink, 6).start().done).rejects.toMatchObject({
        code: 'HBASE_EPOCH',
        message: expect.stringContaining('checkpoint'),
      })
      const dropped: unknown[] = []
      const job = minutes(collected(), 6).to(sink, { role: 'bestEffort' }).start({ checkpoint: memoryCheckpoints() })
      job.on('dropped', (event) => dropped.push(event))
      await job.done
      expect(dropped).toMatchObject([{ reason: 'bestEffortSink', where: `hbase(${name})` }])
    })

    test('a table that is not there is not made by reading it', async () => {
      await expect(rowsOf(where(), table('nothing'))).rejects.toMatchObject({ code: 'HBASE_TABLE_MISSING' })
    })
  })
}
