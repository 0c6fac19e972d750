import { expect, test } from 'vitest'
import { StreamError } from '../errors/stream-error.ts'
import {
  type CommittedItems,
  type DeadLetter,
  type Pane,
  type Sink,
  boundedOutOfOrderness,
  collected,
  memoryCheckpoints,
  memorySource,
  memoryTransactions,
  pipeline,
  tumbling,
} from '../index.ts'
import type { SharedReader, Source, TaskEvents } from '../io/source.ts'
import { yieldToHost } from '../time/system-clock.ts'

interface View {
  readonly at: number
  readonly page: string
}
type Counted = Pane<string, number>

const views: readonly View[] = Array.from({ length: 400 }, (_, i) => ({ at: i * 10, page: `p${i % 3}` }))
const refused = new StreamError('ABORTED', 'The coordinator was away.', { retryable: true })

function counting(source: Source<View> | readonly View[], sink: Sink<Counted>, options = {}) {
  return pipeline('counts', options)
    .from(source as Source<View>)
    .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('0ms') })
    .keyBy((view) => view.page, { keepsPartition: true })
    .window(tumbling('1s'))
    .count()
    .to(sink)
}

const shown = (panes: readonly Counted[]): readonly string[] =>
  panes.map((pane) => `${pane.key}@${pane.window.start}=${pane.kind === 'value' ? pane.value : pane.kind}`)

async function plain(): Promise<readonly string[]> {
  const sink = collected<Counted>()
  await counting(views, sink).start().done
  return shown(sink.items)
}

/** Time that goes on by a millisecond whenever it is asked for, so that commits come in between. */
const ticking = () => {
  let now = 0
  return { now: () => ++now, wakeAt: () => () => {} }
}

test('what is committed is what a job without transactions gives, however often intervals are aborted', async () => {
  for (const aborts of [0, 1, 5]) {
    const transactions = memoryTransactions({ everyMs: 5 })
    const sink = transactions.sink<Counted>()
    for (let i = 0; i < aborts; i++) transactions.abortNext(refused)
    await counting(views, sink).start({ clock: ticking(), batchSize: 20 }).done
    expect(transactions.commits).toBeGreaterThan(3)
    expect(shown(sink.items)).toEqual(await plain())
  }
})

test('an input whose last interval is aborted is read again before the job is completed', async () => {
  const transactions = memoryTransactions({ everyMs: 1_000_000 })
  transactions.abortNext(refused)
  transactions.abortNext(refused)
  const sink = transactions.sink<Counted>()
  await counting(views, sink).start({ clock: ticking(), batchSize: 20 }).done
  expect(transactions.commits).toBe(1)
  expect(shown(sink.items)).toEqual(await plain())
})

test('a job that is aborted again and again gives up with what aborts it', async () => {
  const transactions = memoryTransactions({ everyMs: 5 })
  for (let i = 0; i < 50; i++) transactions.abortNext(refused)
  const sink = transactions.sink<Counted>()
  await expect(counting(views, sink).start({ clock: ticking(), batchSize: 20 }).done).rejects.toBe(refused)
  expect(sink.items).toEqual([])
})

test('a restart goes on from the last commit: nothing is lost, nothing double', async () => {
  const transactions = memoryTransactions({ everyMs: 5 })
  const sink = transactions.sink<Counted>()
  let left = 60
  const dying: Source<View> = failsAfter(() => left-- <= 0)
  await expect(counting(dying, sink).start({ clock: ticking(), batchSize: 10 }).done).rejects.toThrow('pulled')
  expect(sink.items.length).toBeLessThan(12)
  left = Number.POSITIVE_INFINITY
  await counting(dying, sink).start({ clock: ticking(), batchSize: 10 }).done
  expect(shown(sink.items)).toEqual(await plain())
})

test('a commit that nobody answers is told in health()', async () => {
  let answer = (): void => {}
  const save = (): Promise<void> => new Promise<void>((resolve) => (answer = resolve))
  const store = memoryCheckpoints({ everyMs: 1 })
  const silent = { ...store, open: async (job: string) => ({ ...(await store.open(job)), save }) }
  let now = 0
  const source = memorySource<View>()
  const clock = { now: () => now, wakeAt: () => () => {} }
  const job = counting(source, collected<Counted>()).start({ clock, checkpoint: silent })
  await settled()
  now = 5
  source.push([{ at: 1, page: 'x' }])
  await settled()
  expect(job.health().reasons).toEqual([])
  now += 10_000
  const told =
    'a commit has been under way since 1970-01-01T00:00:00.005Z: whoever keeps it does not answer, or refuses'
  expect(job.health().reasons).toEqual([told])
  answer()
  await settled()
  expect(job.health().reasons).toEqual([])
})

test('a second start of the job fences the first', async () => {
  const transactions = memoryTransactions({ everyMs: 1 })
  const sink = transactions.sink<Counted>()
  const source = memorySource<View>()
  const first = counting(source, sink).start()
  first.done.catch(() => {})
  await settled()
  const second = counting(views, sink).start()
  await second.done
  source.push([{ at: 1, page: 'x' }])
  await settled()
  await expect(first.drain()).rejects.toThrow('found that it was started anew')
  expect(shown(sink.items)).toEqual(await plain())
})

test('results are read when they are committed, and never those of an aborted interval', async () => {
  const transactions = memoryTransactions({ everyMs: 5 })
  transactions.abortNext(refused)
  transactions.abortNext(refused)
  const sink = transactions.sink<Counted>()
  const job = counting(views, sink).start({ clock: ticking(), batchSize: 20 })
  const read: Counted[] = []
  for await (const pane of job.results()) read.push(pane as Counted)
  expect(shown(read)).toEqual(await plain())
})

test('required sinks get what was committed, dead letters are part of it, and nothing else is', async () => {
  const transactions = memoryTransactions({ everyMs: 5 })
  transactions.abortNext(refused)
  const [sink, letters] = [transactions.sink<Counted>(), transactions.sink<DeadLetter>()]
  const other = collected<Counted>()
  const broken = views.toSpliced(50, 0, { at: Number.NaN, page: 'p0' })
  const counts = counting(broken, sink, { onError: { deadLetterTo: letters } })
  await counts.to(other, { role: 'required' }).start({ clock: ticking(), batchSize: 20 }).done
  expect(shown(sink.items)).toEqual(await plain())
  expect(shown(other.items)).toEqual(await plain())
  expect(letters.items.map(({ code }) => code)).toEqual(['BAD_TIMESTAMP'])
})

test('a job with nothing to do commits nothing', async () => {
  const transactions = memoryTransactions({ everyMs: 1 })
  const source = memorySource<View>()
  source.push([{ at: 1, page: 'x' }])
  let now = 0
  let wake = (): void => {}
  const clock = {
    now: () => now,
    wakeAt: (_: number, call: () => void) => {
      wake = call
      return () => {}
    },
  }
  const job = counting(source, transactions.sink<Counted>()).start({ clock })
  for (let i = 0; i < 20; i++) {
    await settled()
    now += 10
    wake()
  }
  expect(transactions.commits).toBe(1)
  await job.drain()
})

test('what cannot be decided together is refused when the job is started', () => {
  const transactions = memoryTransactions()
  const sink = transactions.sink<Counted>()
  const counts = (): ReturnType<typeof counting> => counting(views, sink)
  expect(() => counts().start({ checkpoint: memoryCheckpoints() })).toThrow('a checkpoint (')
  expect(() => counting(views, collected<Counted>()).to(sink).start()).toThrow("it as 'required'")
  expect(() => counts().to(transactions.sink<Counted>(), { role: 'bestEffort' }).start()).toThrow('may lose results')
  expect(() => counts().to(memoryTransactions().sink<Counted>()).start()).toThrow('several systems')
  const unseekable: Source<View> = { ...failsAfter(() => false), seekable: false }
  expect(() => counting(unseekable, sink).start()).toThrow('cannot be read again')
})

test('a key that is not of the partition is refused where the source is shared: by the plan, and record by record', async () => {
  const sink = memoryTransactions().sink<Counted>()
  const shared = sharedSource()
  const own = pipeline('own')
    .from(shared.source)
    .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('0ms') })
  const byPage = own
    .keyBy((view) => view.page)
    .window(tumbling('1s'))
    .count()
    .to(sink)
  expect(() => byPage.start()).toThrow('keepsPartition: true')
  const job = counting(shared.source, sink).start()
  await settled()
  shared.begin('0')
  shared.give('0', [{ at: 1, page: 'even' }])
  await settled()
  shared.give('0', [{ at: 2, page: 'odd' }])
  await expect(job.done).rejects.toMatchObject({ code: 'MOVES_PARTITION' })
})

test('tasks come with their state and go with it', async () => {
  const transactions = memoryTransactions({ everyMs: 1_000_000 })
  const sink = transactions.sink<Counted>()
  const [here, there] = [sharedSource(), sharedSource()]
  const first = counting(here.source, sink).start()
  await settled()
  expect(first.explain()).toContain('no task at the moment')
  here.begin('0')
  here.begin('1')
  here.give('0', [{ at: 1, page: 'even' }])
  here.give('1', [{ at: 1, page: 'odd' }])
  await settled()
  expect(first.explain()).toMatch(/^Task 0\. The watermark is 1970.*\n(.*\n)*\nTask 1\. The watermark/)
  expect(first.metrics().get('window.records')).toBe(2)
  await here.revoke('0')
  expect(first.health().splits.size).toBe(1)
  here.give('1', [{ at: 5_000, page: 'odd' }])
  await settled()
  await first.drain()
  expect(shown(sink.items)).toEqual(['odd@0=1'])

  // The same job elsewhere; in this twin, states are by the name of the job.
  const second = counting(there.source, sink).start()
  await settled()
  there.begin('0', 1n)
  there.give('0', [
    { at: 2, page: 'even' },
    { at: 5_000, page: 'even' },
  ])
  await settled()
  await second.drain()
  expect(shown(sink.items)).toEqual(['odd@0=1', 'even@0=2'])
})

test('what was done of a task that is lost is dropped, and the others go on from what was committed', async () => {
  const transactions = memoryTransactions({ everyMs: 1_000_000 })
  const sink = transactions.sink<Counted>()
  const shared = sharedSource()
  const job = counting(shared.source, sink).start()
  await settled()
  for (const task of ['0', '1']) {
    shared.begin(task)
    shared.give(task, [
      { at: 1, page: task === '0' ? 'even' : 'odd' },
      { at: 5_000, page: task === '0' ? 'even' : 'odd' },
    ])
  }
  await settled()
  shared.lose('0')
  await settled()
  expect(shared.rewound).toBe(1)
  shared.begin('1')
  shared.give('1', [
    { at: 1, page: 'odd' },
    { at: 5_000, page: 'odd' },
  ])
  await settled()
  await job.drain()
  expect(shown(sink.items)).toEqual(['odd@0=1'])
  // What came counts, whether or not it was committed.
  expect(job.metrics().get('window.records')).toBe(6)
})

test('what is open is committed before a task comes, whose state may take longer than a transaction may', async () => {
  const transactions = memoryTransactions({ everyMs: 1_000_000 })
  const sink = transactions.sink<Counted>()
  const shared = sharedSource()
  const job = counting(shared.source, sink).start()
  await settled()
  shared.begin('0')
  shared.give('0', [
    { at: 1, page: 'even' },
    { at: 5_000, page: 'even' },
  ])
  await settled()
  expect(shown(sink.items)).toEqual([])
  shared.begin('1')
  await settled()
  expect(shown(sink.items)).toEqual(['even@0=1'])
  await job.drain()
})

test('offsets that were moved under the state are refused', async () => {
  const transactions = memoryTransactions({ everyMs: 1_000_000 })
  const shared = sharedSource()
  const sink: CommittedItems<Counted> = transactions.sink<Counted>()
  const first = counting(shared.source, sink).start()
  await settled()
  shared.begin('0')
  shared.give('0', [{ at: 1, page: 'even' }])
  await settled()
  await first.drain()
  const again = sharedSource()
  const second = counting(again.source, sink).start()
  await settled()
  again.begin('0', 7n)
  await expect(second.done).rejects.toMatchObject({ code: 'POSITION_MOVED', at: { split: 'views/0', offset: 7n } })
})

/** Runs what is due, until the job waits. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await yieldToHost()
}

/** The views one by one; the plug is pulled when it says so. */
function failsAfter(isOver: () => boolean): Source<View> {
  return {
    kind: 'views',
    seekable: true,
    open: async (_, positions) => {
      let at = Number(positions?.[0]?.offset ?? 0n)
      return {
        splits: ['0'],
        poll: (limit) => {
          if (isOver()) throw new Error('pulled')
          const records = views.slice(at, at + Math.min(limit, 3))
          const first = BigInt(at)
          at += records.length
          return { split: '0', records, first, next: BigInt(at), finished: at === views.length }
        },
        pause: () => {},
        resume: () => {},
        committed: async () => {},
        close: async () => {},
      }
    },
  }
}

/** A source whose tasks a test gives and takes: pages of an even length are of task 0, the others of task 1. */
function sharedSource() {
  let events: TaskEvents | undefined
  const at = new Map<string, bigint>()
  const batches: { split: string; records: readonly View[]; first: bigint; next: bigint }[] = []
  let waiting: (() => void) | undefined
  let rewound = 0
  const reader: SharedReader<View> = {
    splits: [],
    tasks: 2,
    poll: async () => {
      while (batches.length === 0)
        await new Promise<void>((resolve) => {
          waiting = resolve
        })
      return batches.shift() as (typeof batches)[number]
    },
    pause: () => {},
    resume: () => {},
    committed: async () => {},
    close: async () => {},
    current: ({ split }) => at.has(split.slice('views/'.length)),
    owns: (task, key) => String(key).length % 2 === Number(task),
    asOwner: (work) => work('me'),
    rewind: () => {
      rewound++
      at.clear()
      batches.length = 0
    },
  }
  return {
    source: {
      kind: 'views',
      seekable: true,
      open: async () => {
        throw new Error('it is shared')
      },
      openShared: async (_, told) => {
        events = told
        return reader
      },
    } satisfies Source<View>,
    begin: (task: string, offset = 0n) => {
      at.set(task, offset)
      events?.began(task, [{ split: `views/${task}`, offset, metadata: '' }])
    },
    give: (task: string, records: readonly View[]) => {
      const first = at.get(task) as bigint
      const next = first + BigInt(records.length)
      at.set(task, next)
      batches.push({ split: `views/${task}`, records, first, next })
      waiting?.()
    },
    revoke: async (task: string) => {
      at.delete(task)
      await events?.revoking([task])
    },
    lose: (task: string) => {
      at.delete(task)
      events?.lost([task])
    },
    get rewound() {
      return rewound
    },
  }
}
