// What a restart keeps, refuses and repeats, in one process: sinks and sources that fail at random moments instead of a
// process that is killed.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Aggregator,
  type CheckpointStore,
  type Clock,
  type LateRecord,
  type Pane,
  type Pipeline,
  type Sink,
  StreamError,
  collected,
  memoryCheckpoints,
  memorySource,
  monotonous,
  pipeline,
  session,
  tumbling,
} from '@tidemark/core'
import { folder } from '@tidemark/core/folder'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { STAGES, type Stage, type TotalPane, type Visit, visitJob, visitSource, visits } from './job.ts'
import { type Ledger, differences, lateLedger, paneLedger } from './ledger.ts'

const seed = Number(process.env['TIDEMARK_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const runs = Number(process.env['TIDEMARK_RUNS'] ?? 100)
const code = (text: string): unknown => expect.objectContaining({ code: text })

/** Processing time that goes on from run to run, so that what is made again is never quite the same. */
function tickingClock(): Clock {
  let at = 1_000
  return { now: () => ++at }
}

/** Counts down over all runs; at zero it throws once, and again after as many more as the next number says. */
function failing(after: readonly number[]): () => void {
  let left = 0
  let at = 0
  const aim = (): void => {
    left = after[at++] ?? Number.POSITIVE_INFINITY
  }
  aim()
  return () => {
    if (left-- > 0) return
    aim()
    throw new Error('as planned')
  }
}

interface Troubles {
  readonly polls: readonly number[]
  readonly writes: readonly number[]
  readonly flushes: readonly number[]
}
const NONE: Troubles = { polls: [], writes: [], flushes: [] }

/** Runs the job, again after each failure, until it completes; what it published and how often it failed. */
async function runToTheEnd(
  all: readonly Visit[],
  troubles: Troubles,
  pace: { readonly batch: number; readonly everyMs: number; readonly async: boolean },
): Promise<{ ledgers: ReadonlyMap<string, Ledger>; failures: number }> {
  const published = new Map<string, unknown[]>([...STAGES, 'late'].map((name) => [name, []]))
  const [poll, write, flush] = [failing(troubles.polls), failing(troubles.writes), failing(troubles.flushes)]
  const sink = (name: Stage | 'late'): Sink<unknown> => ({
    open: async () => ({
      write: async (batch) => {
        for (const item of batch) {
          write()
          published.get(name)?.push(structuredClone(item))
        }
      },
      progress: () => {},
      flush: async () => flush(),
      close: async () => {},
    }),
  })
  const source = visitSource(all, {
    batch: pace.batch,
    beforeBatch: () => {
      poll()
      return pace.async ? Promise.resolve() : undefined
    },
  })
  const options = { checkpoint: memoryCheckpoints({ everyMs: pace.everyMs }), clock: tickingClock() }
  const job = visitJob(source, sink, sink('late'))
  let failures = 0
  for (;;) {
    try {
      await job.start(options).done
      break
    } catch (error) {
      if (!(
        error instanceof StreamError &&
        ['SOURCE_FAILED', 'SINK_FAILED'].includes(error.code) &&
        error.message.includes('as planned')
      ))
        throw error
      failures++
    }
  }
  const ledgers = STAGES.map((name) => [name, paneLedger(published.get(name) as TotalPane[])] as const)
  return {
    ledgers: new Map<string, Ledger>([...ledgers, ['late', lateLedger(published.get('late') as LateRecord<Visit>[])]]),
    failures,
  }
}

test(
  'whatever fails and whenever, restarts go on with one history and end with the same results',
  { timeout: 120_000 },
  async () => {
    const after = fc.array(fc.nat(120), { maxLength: 6 })
    const troubles = fc.record({ polls: after, writes: fc.array(fc.nat(1_500), { maxLength: 6 }), flushes: after })
    const pace = fc.record({
      batch: fc.integer({ min: 1, max: 40 }),
      everyMs: fc.integer({ min: 1, max: 60 }),
      async: fc.boolean(),
    })
    let failed = 0
    let repeated = 0
    await fc.assert(
      fc.asyncProperty(fc.nat(), troubles, pace, async (data, trouble, how) => {
        const all = visits(data, 400)
        const calm = await runToTheEnd(all, NONE, { batch: 1_000, everyMs: 1_000_000, async: false })
        const { ledgers, failures } = await runToTheEnd(all, trouble, how)
        failed += failures
        for (const [name, undisturbed] of calm.ledgers) {
          const ledger = ledgers.get(name) as Ledger
          expect(ledger.contradictions).toEqual([])
          expect(differences(undisturbed, ledger)).toEqual([])
          repeated += ledger.repeated
        }
      }),
      { seed, numRuns: runs },
    )
    expect(failed).toBeGreaterThan(runs / 2)
    expect(repeated).toBeGreaterThan(runs)
  },
)

let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tidemark-restart-'))
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

type Click = { readonly at: number }
const clicks: readonly Click[] = Array.from({ length: 100 }, (_, i) => ({ at: i * 100 }))
const counts = (
  sink: Sink<Pane<string, number>>,
  size: '1s' | '2s' = '1s',
  input: Iterable<Click> = clicks,
): Pipeline<Pane<string, number>> =>
  pipeline('clicks')
    .from(input)
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy((): string => 'all')
    .name('counts')
    .window(tumbling(size))
    .count()
    .to(sink)

/** A folder whose checkpoints come at the end only, and one whose come often. */
const rarely = (): CheckpointStore => folder(path, { every: '1h' })

describe('a restart', () => {
  test('finds another pipeline than the one that was saved: refused, with what changed; the old one goes on', async () => {
    await counts(collected()).start({ checkpoint: rarely() }).done
    const refused = counts(collected(), '2s').start({ checkpoint: rarely() }).done
    await expect(refused).rejects.toThrow(code('LAYOUT_CHANGED'))
    await expect(refused).rejects.toThrow(
      /'clicks' belongs to another pipeline: windows of 'counts' was tumbling\(1s\) and is tumbling\(2s\)/,
    )
    // The refusal left nothing locked and nothing changed.
    await counts(collected()).start({ checkpoint: rarely() }).done
  })

  test('finds a stage gone or new: refused', async () => {
    const source = memorySource<Click>()
    source.finish()
    const keyed = pipeline('clicks')
      .from(source)
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy((): string => 'all')
    await keyed.name('a').window(tumbling('1s')).count().to(collected()).start({ checkpoint: rarely() }).done
    const changed = keyed.name('b').window(session('1s')).count().to(collected()).start({ checkpoint: rarely() }).done
    await expect(changed).rejects.toThrow(/'a' is gone; 'b' is new|'b' is new; 'a' is gone/)
  })

  test('a source that cannot seek is refused together with a checkpoint, when the job is started', () => {
    const once = (function* () {
      yield* clicks
    })()
    expect(() => counts(collected(), '1s', once).start({ checkpoint: rarely() })).toThrow(code('CANNOT_SEEK'))
    expect(() => counts(collected(), '1s', once).start({ checkpoint: rarely() })).toThrow(
      /the source 'iterable'.*Use an array, memorySource or a connector/,
    )
  })

  test('of a completed job repeats at most its last outbox, and completes', async () => {
    const [first, second, third] = [
      collected<Pane<string, number>>(),
      collected<Pane<string, number>>(),
      collected<Pane<string, number>>(),
    ]
    await counts(first).start({ checkpoint: rarely() }).done
    expect(first.items).toHaveLength(10)
    // The end was the only checkpoint: all panes are in its outbox, and come again as they were.
    await counts(second).start({ checkpoint: rarely() }).done
    expect(second.items).toStrictEqual(first.items)
    expect(second.progress.at(-1)).toBe(Number.POSITIVE_INFINITY)
    // The checkpoint of that run has nothing to repeat.
    await counts(third).start({ checkpoint: rarely() }).done
    expect(third.items).toEqual([])
  })

  test('goes on where a drained job stopped, with windows half full', async () => {
    const source = memorySource<Click>({ splits: ['a', 'b'] })
    const sink = collected<Pane<string, number>>()
    const job = (): ReturnType<Pipeline<Pane<string, number>>['start']> =>
      pipeline('clicks')
        .from(source)
        .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
        .keyBy((): string => 'all')
        .window(tumbling('1s'))
        .count()
        .to(sink)
        .start({ checkpoint: folder(path, { every: '1ms' }) })
    for (let i = 0; i < clicks.length; i += 10) {
      source.push(clicks.slice(i, i + 5), { split: 'a' })
      source.push(clicks.slice(i + 5, i + 10), { split: 'b' })
      const running = job()
      await running.drain()
    }
    source.finish()
    await job().done
    const newest = new Map(
      sink.items.map((pane) => [pane.window.start, pane.kind === 'value' ? pane.value : undefined]),
    )
    expect(newest).toEqual(new Map(Array.from({ length: 10 }, (_, i) => [i * 1_000, 10])))
  })

  test('needs plain values: what cannot be kept stops the job before anything of the interval is published', async () => {
    const sink = collected<Pane<string, () => number>>()
    const keyed = pipeline('clicks')
      .from(clicks)
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy((): string => 'all')
    const results = keyed
      .window(tumbling('1s'))
      .count()
      .map((n) => () => n)
      .to(sink)
    for (const checkpoint of [rarely(), memoryCheckpoints()])
      await expect(results.start({ checkpoint }).done).rejects.toThrow(code('CHECKPOINT_NOT_PLAIN'))
    await expect(results.start({ checkpoint: rarely() }).done).rejects.toThrow(
      /found a function .* at checkpoint\.outbox\.get\('[^']+'\)\[0\]\.value/,
    )
    const once: Aggregator<Click, () => number, number> = {
      create: () => () => 1,
      add: (acc) => acc,
      merge: (acc) => acc,
      result: (acc) => acc(),
    }
    const open = keyed
      .window(tumbling('1h'))
      .aggregate(() => once)
      .to(collected())
    await expect(open.start({ checkpoint: folder(path, { every: '1ms' }), batchSize: 1 }).done).rejects.toThrow(
      code('ACCUMULATOR_NOT_PLAIN'),
    )
    expect(sink.items).toEqual([])
  })
})
