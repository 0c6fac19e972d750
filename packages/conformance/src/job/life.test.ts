/** A job from start to end: sources and sinks of all kinds, back-pressure, stopping, failing, events. */
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { describe, expect, test } from 'vitest'
import {
  type Pipeline,
  type Sink,
  StreamError,
  boundedOutOfOrderness,
  collected,
  forEach,
  memorySource,
  monotonous,
  pipeline,
  runUntilSignal,
  tumbling,
} from '@tidemark/core'
import { someTurns, until } from './until.ts'

interface Event {
  readonly key: string
  readonly at: number
}
const events = (count: number, step = 1_000): Event[] =>
  Array.from({ length: count }, (_, i) => ({ key: `k${i % 3}`, at: i * step }))
const counts = (input: Iterable<Event> | AsyncIterable<Event>) =>
  pipeline('counts')
    .from(input)
    .eventTime({ timestamp: (e) => e.at, watermark: monotonous() })
    .keyBy((e) => e.key)
    .window(tumbling('10s'))
    .count()

function sinkOf<P>(
  parts: Partial<{
    write: (batch: readonly P[]) => void | Promise<void>
    flush: () => Promise<void>
    close: () => Promise<void>
  }>,
): Sink<P> {
  return {
    open: async () => ({ write: () => {}, progress: () => {}, flush: async () => {}, close: async () => {}, ...parts }),
  }
}

describe('what goes in and out', () => {
  const expected = [
    ['k0', 0, 4],
    ['k1', 0, 3],
    ['k2', 0, 3],
    ['k1', 10_000, 4],
    ['k2', 10_000, 3],
    ['k0', 10_000, 3],
  ]
  const twenty = events(20)

  test.each([
    ['an array', () => twenty],
    ['an iterable', () => new Set(twenty)],
    ['a generator', () => twenty.values()],
    [
      'an async generator',
      async function* () {
        yield* twenty
      },
    ],
    ['a Node Readable', () => Readable.from(twenty)],
    [
      'a slow producer',
      async function* () {
        for (const e of twenty) {
          await new Promise((r) => {
            setImmediate(r)
          })
          yield e
        }
      },
    ],
    [
      'a web stream',
      () =>
        new ReadableStream({
          start(c) {
            for (const e of twenty) c.enqueue(e)
            c.close()
          },
        }),
    ],
  ] as const)('%s', async (_, make) => {
    const out = collected<{ key: string; window: { start: number }; value: number }>()
    await counts(make() as Iterable<Event>)
      .to(out as never)
      .start().done
    expect(out.items.map(({ key, window, value }) => [key, window.start, value])).toEqual(expected)
    expect(out.progress.at(-1)).toBe(Number.POSITIVE_INFINITY)
  })

  test('results() yields what the first sink gets, once, in order', async () => {
    const out = collected<unknown>()
    const seen: unknown[] = []
    for await (const pane of counts(twenty)
      .to(out as never)
      .to(collected() as never)
      .start()
      .results())
      seen.push(pane)
    expect(seen).toEqual(out.items)
  })

  test('a pipeline can be started twice, and reads its array from the start each time', async () => {
    const out = collected<unknown>()
    const twice = counts(twenty).to(out as never)
    await twice.start().done
    await twice.start().done
    expect(out.items).toHaveLength(2 * expected.length)
  })

  test('a reader that does not read holds the job up; one that leaves the loop does not', async () => {
    let polled = 0
    const counted = function* (): Generator<Event> {
      for (const e of events(40, 10_000)) {
        polled++
        yield e
      }
    }
    const job = counts(counted())
      .to(collected() as never)
      .start({ batchSize: 1 })
    const reader = job.results({ buffer: 2 })[Symbol.asyncIterator]()
    await reader.next()
    await someTurns()
    expect(polled).toBeLessThan(10)
    await reader.return?.()
    await job.done
    expect(polled).toBe(40)
  })

  test('a slow sink is waited for: nothing is polled meanwhile', async () => {
    const source = memorySource<Event>()
    source.push(events(5, 10_000))
    let release = (): void => {}
    let writes = 0
    const job = counts(source as never)
      .to(
        sinkOf({
          write: () => {
            writes++
            return new Promise<void>((resolve) => {
              release = resolve
            })
          },
        }),
      )
      .start({ batchSize: 1 })
    await until(() => writes === 1)
    await someTurns()
    expect(job.metrics().get('memory.records')).toBe(2)
    const stopped = job.stop()
    release()
    await stopped
    expect(writes).toBe(1)
  })

  test('meta: a function with a second parameter may keep it', async () => {
    const source = memorySource<number>()
    source.push([1, 2], { key: 'k', timestamp: 5, headers: new Map([['h', new Uint8Array([1])]]) })
    source.finish()
    const out = collected<{ position: { offset: bigint }; key: unknown; timestamp: unknown }>()
    await pipeline('m')
      .from(source)
      .map((_, meta) => meta)
      .to(out as never)
      .start().done
    expect(out.items.map(({ position, key, timestamp }) => [position.offset, key, timestamp])).toEqual([
      [0n, 'k', 5],
      [1n, 'k', 5],
    ])
  })

  test('forEach awaits what its function returns, item by item', async () => {
    const seen: string[] = []
    await pipeline('f')
      .from([1, 2])
      .to(
        forEach(async (n) => {
          seen.push(`+${n}`)
          await Promise.resolve()
          seen.push(`-${n}`)
        }),
      )
      .start().done
    expect(seen).toEqual(['+1', '-1', '+2', '-2'])
  })
})

describe('ending', () => {
  const endless = () => {
    const source = memorySource<Event>()
    source.push(events(25))
    return { source, out: collected<{ value: number }>() }
  }

  test.each(['drain', 'stop', 'dispose', 'abort'] as const)(
    '%s finishes what was read, keeps windows open, ends',
    async (how) => {
      const { source, out } = endless()
      const abort = new AbortController()
      const job = counts(source as never)
        .to(out as never)
        .start({ signal: abort.signal })
      const reasons: string[] = []
      job.on('done', ({ reason }) => reasons.push(reason))
      await until(() => job.metrics().get('memory.records') === 25)
      if (how === 'abort') abort.abort()
      else await (how === 'drain' ? job.drain() : how === 'stop' ? job.stop() : job[Symbol.asyncDispose]())
      await job.done
      expect(reasons).toEqual(['stopped'])
      expect(job.health().state).toBe('stopped')
      // The window from 20 s is not complete: it must not come out.
      expect(out.items.reduce((sum, { value }) => sum + value, 0)).toBe(20)
      expect(source.committed.get('0')).toBe(25n)
    },
  )

  test('an aborted signal ends a job before it reads', async () => {
    const { source, out } = endless()
    const job = counts(source as never)
      .to(out as never)
      .start({ signal: AbortSignal.abort() })
    await job.done
    expect(job.metrics().get('memory.records')).toBe(0)
  })

  test('a deadline that passes abandons the job and says so', async () => {
    const { source } = endless()
    let writes = 0
    const job = counts(source as never)
      .to(
        sinkOf({
          write: () => {
            writes++
            return new Promise<void>(() => {})
          },
        }),
      )
      .start()
    await until(() => writes === 1)
    await expect(job.stop({ deadline: '0s' })).rejects.toMatchObject({ code: 'STOP_DEADLINE', retryable: true })
    await expect(job.done).rejects.toMatchObject({ code: 'STOP_DEADLINE' })
    expect(job.health()).toMatchObject({
      state: 'failed',
      reasons: [expect.stringMatching(/Stopping 'counts': found work in flight/)],
    })
  })

  test('runUntilSignal: the first signal drains, the second gives up; listeners are gone afterwards', async () => {
    const host = new EventEmitter()
    const { source, out } = endless()
    const job = counts(source as never)
      .to(out as never)
      .start()
    const ran = runUntilSignal(job, { host })
    await until(() => job.metrics().get('memory.records') === 25)
    host.emit('SIGTERM')
    await ran
    expect(job.health().state).toBe('stopped')
    expect(host.eventNames()).toEqual([])
  })

  test('a job without windows or time runs to its end', async () => {
    const out = collected<number>()
    const job = pipeline('plain')
      .from([1, 2, 3])
      .filter((n) => n > 1)
      .to(out)
      .start()
    await job.done
    expect(out.items).toEqual([2, 3])
    expect(job.health().state).toBe('completed')
  })
})

describe('failing', () => {
  const caught = async (job: { readonly done: Promise<void> }): Promise<unknown> =>
    await job.done.then(
      () => undefined,
      (error: unknown) => error,
    )

  test.each(['write', 'flush'] as const)(
    'a primary sink that fails at %s fails the job: done, error event, results and health say why',
    async (step) => {
      const job = counts(events(20))
        .to(
          sinkOf({
            [step]: async () => {
              throw new Error('disk full')
            },
          }),
        )
        .start()
      const seen: string[] = []
      job.on('error', ({ error }) => seen.push(error.code))
      const results = (async () => {
        for await (const _ of job.results());
      })().catch((error: unknown) => error)
      const error = await caught(job)
      expect(error).toMatchObject({
        code: 'SINK_FAILED',
        message: expect.stringMatching(/The primary sink 'sink' failed at .* with Error: disk full/) as string,
      })
      expect(await results).toBe(error)
      expect(seen).toEqual(['SINK_FAILED'])
      expect(job.health()).toMatchObject({ state: 'failed', reasons: [expect.stringContaining('disk full')] })
    },
  )

  test('a source that fails fails the job', async () => {
    const job = counts(
      (async function* () {
        yield* events(2)
        throw new TypeError('gone')
      })(),
    )
      .to(collected() as never)
      .start()
    expect(await caught(job)).toMatchObject({ code: 'SOURCE_FAILED', cause: expect.any(TypeError) as TypeError })
  })

  test('a sink that cannot open fails the job before anything is read', async () => {
    let read = 0
    const job = counts(
      (function* () {
        read++
        yield* events(1)
      })(),
    )
      .to({
        open: async () => {
          throw new Error('refused')
        },
      })
      .start()
    expect(await caught(job)).toMatchObject({ code: 'SINK_FAILED' })
    expect(read).toBe(0)
  })

  test('a best-effort sink that fails or hangs changes nothing for the primary, and is counted (law 11)', async () => {
    const alone = collected<unknown>()
    await counts(events(50))
      .to(alone as never)
      .start({ clock: { now: () => 0 } }).done
    for (const write of [
      () => {
        throw new Error('no')
      },
      async () => {
        throw new Error('no')
      },
      () => new Promise<void>(() => {}),
    ]) {
      const primary = collected<unknown>()
      const job = counts(events(50))
        .to(primary as never)
        .to(sinkOf({ write }), { role: 'bestEffort' })
        .start({ clock: { now: () => 0 } })
      const dropped: number[] = []
      job.on('dropped', ({ count }) => dropped.push(count))
      await job.done
      expect(primary.items).toEqual(alone.items)
      expect(job.health().state).toBe('completed')
      if (!write.toString().includes('new Promise')) expect(dropped.reduce((a, b) => a + b, 0)).toBe(alone.items.length)
    }
  })

  test('a required sink gets what the primary gets', async () => {
    const [primary, required] = [collected<unknown>(), collected<unknown>()]
    await counts(events(50))
      .to(primary as never)
      .to(required as never)
      .start().done
    expect(required.items).toEqual(primary.items)
    expect(primary.items.length).toBeGreaterThan(0)
  })

  test('StreamError is a plain Error with code, retryable and place', () => {
    const error = new StreamError('X', 'y', { at: { split: '0' } })
    expect([error.name, error.retryable, error.at.split, error instanceof Error]).toEqual([
      'StreamError',
      false,
      '0',
      true,
    ])
  })
})

test('the plan prints as text, Mermaid and JSON, and explains itself before anything runs', () => {
  const late = collected()
  const plan: Pipeline<unknown, never> = pipeline('plan')
    .from(events(1))
    .filter((e) => e.at >= 0)
    .eventTime({ timestamp: (e) => e.at, watermark: boundedOutOfOrderness('5s'), idleAfter: '1m' })
    .keyBy((e) => e.key)
    .name('minutes')
    .window(tumbling('1m'), { allowedLateness: '10m' })
    .lateTo(late as never)
    .aggregate((a) => ({ n: a.count() }))
    .to(collected() as never) as never
  expect(plan.describe().split('\n')).toEqual([
    "pipeline 'plan'",
    '  array      source: array',
    '  filter     filter',
    '  eventTime  boundedOutOfOrderness(5s), idleAfter 1m',
    '  keyBy      keyBy',
    '  minutes    tumbling(1m), watermarkThenUpdates(), accumulating, allowedLateness 10m, n, late records to an output',
    '  collected  sink: collected, primary',
  ])
  expect(plan.toMermaid().split('\n').slice(0, 3)).toEqual([
    'flowchart LR',
    '  n0(["array<br/>source: array"])',
    '  n1["filter"]',
  ])
  expect(plan.toJSON().nodes.map(({ name, from }) => [name, ...from])).toEqual([
    ['array'],
    ['filter', 'array'],
    ['eventTime', 'filter'],
    ['keyBy', 'eventTime'],
    ['minutes', 'keyBy'],
    ['collected', 'minutes'],
  ])
  expect(plan.explain()).toMatch(
    /in time, W < end +nothing yet, it is kept\n +complete, W ≥ end +the on-time pane\n +late, W < end \+ 10m +a late pane for every late record\n +final, W ≥ end \+ 10m +nothing more.*\n +too late, after that +to the late output/,
  )
})
