/**
 * Owns the job that is killed at random moments: counts of out-of-order records into a log. Records are made from their
 * offsets, so every process and the recomputation have the same ones.
 *
 * As a process: `PATH SYNC UNTIL`. Says `from N` where it begins, and `safe N` when all before N is committed.
 */
import {
  type Pane,
  type Pipeline,
  type ResultsLog,
  type Sink,
  type Source,
  type TimeWindow,
  boundedOutOfOrderness,
  pipeline,
  tumbling,
} from '@tidemark/core'
import { embeddedLog } from '../src/embedded/index.ts'

const SPLIT = 'records'
const KEYS = 5

/** Event time at an offset: a record each second; every fifth is late, every fiftieth too late. */
function timeOf(offset: number): number {
  const behind = offset % 50 === 49 ? 200 : offset % 5 === 4 ? 45 : offset % 3
  return Math.max(0, offset - behind) * 1_000
}

interface Told {
  readonly from: (offset: number) => void
  readonly safe: (offset: number) => void
}

function records(until: number, told: Told): Source<number> {
  return {
    kind: 'records',
    seekable: true,
    open: async (_, positions) => {
      let at = Number(positions?.[0]?.offset ?? 0n)
      told.from(at)
      return {
        splits: [SPLIT],
        poll: (limit) => {
          const first = at
          at = Math.max(first, Math.min(first + limit, until))
          const offsets = Array.from({ length: at - first }, (__, i) => first + i)
          return { split: SPLIT, records: offsets, first: BigInt(first), next: BigInt(at), finished: at >= until }
        },
        pause: () => {},
        resume: () => {},
        committed: async ([position]) => told.safe(Number(position?.offset ?? 0n)),
        close: async () => {},
      }
    },
  }
}

type Log = ResultsLog & { readonly sink: Sink<Pane<string, unknown, TimeWindow>> }

export function counts(log: Log, until: number, told: Told = { from: () => {}, safe: () => {} }): Pipeline<unknown> {
  return pipeline('counts')
    .from(records(until, told))
    .eventTime({ timestamp: timeOf, watermark: boundedOutOfOrderness('5s') })
    .keyBy((offset) => `k${Math.floor(offset / 7) % KEYS}`)
    .window(tumbling('1m'), { allowedLateness: '1m' })
    .aggregate((a) => ({ n: a.count(), last: a.max((offset) => offset) }))
    .to(log.sink)
}

if (import.meta.main) {
  const [path = '', sync, until] = process.argv.slice(2)
  const say = (text: string): void => void process.stdout.write(`${text}\n`)
  const log = embeddedLog({ path, sync: sync === 'true', every: '1ms' })
  const told: Told = { from: (offset) => say(`from ${offset}`), safe: (offset) => say(`safe ${offset}`) }
  await counts(log, Number(until), told).start({ batchSize: 20 }).done
}
