/** Bad input: each case gets the error or the policy of the design, with what was found, what was expected, what to do. */
import { describe, expect, test } from 'vitest'
import {
  type DeadLetter,
  type Duration,
  type LateRecord,
  StreamError,
  arrivalClock,
  assignWindows,
  boundedOutOfOrderness,
  collected,
  latestValues,
  memoryCheckpoints,
  memorySource,
  monotonous,
  pipeline,
  punctuated,
  replay,
  session,
  slidingByRecord,
  hopping,
  tumbling,
} from '@tidemark/core'

interface Event {
  readonly key: unknown
  readonly at: unknown
  readonly value: number
}
const event = (at: unknown, key: unknown = 'a', value = 1): Event => ({ at, key, value })

/** Runs events through one-minute counts with a policy, and tells what came out. */
async function run(
  events: readonly Event[],
  onError: 'fail' | 'skip' | 'deadLetter',
  build?: Partial<{
    timestamp: (e: Event) => number
    key: (e: Event) => string
    keep: (e: Event) => boolean
    of: (e: Event) => number
  }>,
) {
  const letters = collected<DeadLetter>()
  const panes = latestValues<string, { n: number; sum: number }>()
  const job = pipeline('bad', { onError: onError === 'deadLetter' ? { deadLetterTo: letters } : onError })
    .from(events)
    .filter(build?.keep ?? (() => true))
    .eventTime({ timestamp: build?.timestamp ?? ((e) => e.at as number), watermark: monotonous() })
    .keyBy(build?.key ?? ((e) => e.key as string))
    .window(tumbling('1m'))
    .aggregate((a) => ({ n: a.count(), sum: a.sum(build?.of ?? ((e) => e.value)) }))
    .to(panes)
    .start()
  await job.done
  return {
    letters: letters.items,
    metrics: job.metrics(),
    rows: [...panes.entries()].map(([key, { start }, value]) => [key, start, value] as const),
  }
}

async function failure(promise: Promise<unknown>): Promise<StreamError> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(StreamError)
  return error as StreamError
}

describe('timestamps', () => {
  const bad = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    1.5,
    2 ** 53,
    undefined,
    null,
    '5',
    new Date(0),
    5n,
  ]

  test.each(bad)('%s fails the job with what was found and where', async (at) => {
    const error = await failure(run([event(0), event(at)], 'fail'))
    expect(error.code).toBe('BAD_TIMESTAMP')
    expect(error.message).toMatch(
      /At 'eventTime' of 'bad', split '0', offset 1\. The timestamp of a record: found .*, expected a whole number of milliseconds.*Date\.parse/,
    )
    expect(error.at).toEqual({ pipeline: 'bad', operator: 'eventTime', split: '0', offset: 1n })
  })

  test.each(bad)('%s is skipped and counted, the rest counts', async (at) => {
    const { metrics, rows } = await run([event(0), event(at), event(1)], 'skip')
    expect(metrics.get('window.skipped')).toBe(1)
    expect(metrics.get('window.records')).toBe(3)
    expect(rows).toEqual([['a', 0, { n: 2, sum: 2 }]])
  })

  test('a dead letter holds the original record, the reason and the position', async () => {
    const odd = event(Number.NaN)
    const { letters, metrics } = await run([event(0), odd], 'deadLetter')
    expect(letters).toHaveLength(1)
    expect(letters[0]).toMatchObject({
      original: odd,
      value: odd,
      stage: 'eventTime',
      code: 'BAD_TIMESTAMP',
      meta: { split: '0', position: { split: '0', offset: 1n } },
    })
    expect(metrics.get('window.deadLettered')).toBe(1)
  })

  test('negative timestamps and the greatest safe ones are fine', async () => {
    const { rows } = await run([event(-90_000), event(-1), event(Number.MAX_SAFE_INTEGER)], 'fail')
    expect(rows.map(([, start]) => start)).toEqual([-120_000, -60_000, 9_007_199_254_740_000])
  })
})

describe('functions that throw', () => {
  const boom = (e: Event): never => {
    throw new TypeError(`no ${String(e.value)}`)
  }
  const only =
    <R>(fn: (e: Event) => R) =>
    (e: Event): R =>
      e.value === 13 ? boom(e) : fn(e)
  const events = [event(0), event(1, 'a', 13), event(2)]

  test.each([
    ['filter', { keep: only(() => true) }],
    ['eventTime', { timestamp: only((e) => e.at as number) }],
    ['keyBy', { key: only((e) => e.key as string) }],
    ['window', { of: only((e) => e.value) }],
  ] as const)(
    'in %s: fail names the stage and the cause, skip and dead-letter account for the record',
    async (stage, build) => {
      const error = await failure(run(events, 'fail', build))
      expect(error.code).toBe('USER_FUNCTION_THREW')
      expect(error.message).toMatch(
        new RegExp(`At '${stage}' of 'bad', split '0', offset 1\\. .* threw TypeError: no 13`),
      )
      expect(error.cause).toBeInstanceOf(TypeError)
      const skipped = await run(events, 'skip', build)
      expect(skipped.rows).toEqual([['a', 0, { n: 2, sum: 2 }]])
      expect([
        skipped.metrics.get('window.records'),
        skipped.metrics.get('window.skipped'),
        skipped.metrics.get('window.assigned'),
      ]).toEqual([3, 1, 2])
      const lettered = await run(events, 'deadLetter', build)
      expect(lettered.letters.map(({ original, stage: at, code }) => [original, at, code])).toEqual([
        [events[1], stage, 'USER_FUNCTION_THREW'],
      ])
    },
  )

  test('a value that is no number leaves nothing of its record behind', async () => {
    const { rows, metrics } = await run([event(0), event(1, 'a', Number.NaN), event(2, 'b', '7' as never)], 'skip')
    expect(rows).toEqual([['a', 0, { n: 1, sum: 1 }]])
    expect(metrics.get('window.skipped')).toBe(2)
    const error = await failure(run([event(0, 'a', Number.NaN)], 'fail'))
    expect(error).toMatchObject({ code: 'BAD_VALUE' })
    expect(error.message).toMatch(/found NaN, expected/)
  })

  test('a generator that throws half-way leaves no part of its record behind', async () => {
    const out = collected<number>()
    const job = pipeline('p', { onError: 'skip' })
      .from([1, 2, 3])
      .flatMap(function* (n) {
        yield n
        if (n === 2) throw new Error('two')
        yield -n
      })
      .to(out)
      .start()
    await job.done
    expect(out.items).toEqual([1, -1, 3, -3])
    expect(job.metrics().get('flatMap.skipped')).toBe(1)
  })

  test("a user's aggregator that throws in add leaves no key behind", async () => {
    const panes = collected<unknown>()
    const job = pipeline('p', { onError: 'skip' })
      .from([event(0, 'a', 13), event(1, 'b')])
      .eventTime({ timestamp: (e) => e.at as number, watermark: monotonous() })
      .keyBy((e) => e.key as string)
      .window(tumbling('1m'))
      .aggregate((a) => ({
        n: a.count(),
        own: {
          create: () => 0,
          add: (n: number, e: Event) => (e.value === 13 ? boom(e) : n + 1),
          merge: (x: number, y: number) => x + y,
          result: (n: number) => n,
        },
      }))
      .to(panes)
      .start()
    await job.done
    expect(panes.items).toMatchObject([{ key: 'b', value: { n: 1, own: 1 } }])
    expect([
      job.metrics().get('window.skipped'),
      job.metrics().get('window.assigned'),
      job.metrics().get('window.entries'),
    ]).toEqual([1, 1, 0])
  })
})

describe('keys', () => {
  test("'__proto__' and 'constructor' are keys like others", async () => {
    const { rows } = await run(
      ['__proto__', 'constructor', 'toString', '__proto__'].map((key, i) => event(i, key)),
      'fail',
    )
    expect(rows.map(([key, , { n }]) => [key, n])).toEqual([
      ['__proto__', 2],
      ['constructor', 1],
      ['toString', 1],
    ])
  })

  test.each([[undefined], [null], [Number.NaN], [{}], [['a', undefined]], [() => 1]])('%s is no key', async (key) => {
    const error = await failure(run([{ key, at: 0, value: 1 }], 'fail'))
    expect(error.code).toBe('BAD_KEY')
    expect(error.message).toMatch(/At 'keyBy'.*found .*, expected/)
  })

  test("an aggregate cannot be named '__proto__'", () => {
    const keyed = pipeline('p')
      .from([event(0)])
      .eventTime({ timestamp: () => 0, watermark: monotonous() })
      .keyBy(() => 'a')
      .window(tumbling('1m'))
    expect(() => keyed.aggregate((a) => ({ ['__proto__']: a.count() }))).toThrow(/none named __proto__/)
  })
})

describe('a record from the year 3000', () => {
  const year3000 = Date.parse('3000-01-01T00:00Z')
  const events = [0, 1_000, year3000, 2_000, 61_000, 62_000].map((at) => ({ at }))

  test('without a guard it moves time: what follows is too late, counted by window, never silent', async () => {
    const late = collected<LateRecord<{ at: number }>>()
    const panes = collected()
    const job = pipeline('p')
      .from(events)
      .eventTime({ timestamp: (e) => e.at, watermark: monotonous() })
      .keyBy(() => 'a')
      .window(tumbling('1m'))
      .lateTo(late)
      .count()
      .to(panes)
      .start()
    await job.done
    expect(late.items.map(({ value, window, reason }) => [value.at, window?.start, reason])).toEqual([
      [2_000, 0, 'tooLate'],
      [61_000, 60_000, 'tooLate'],
      [62_000, 60_000, 'tooLate'],
    ])
    expect(job.lateness().get('window')).toMatchObject({ total: 3 })
    expect(panes.items).toHaveLength(2)
  })

  test('with maxAhead it does not move the watermark, is counted and announced, and still counts in its window', async () => {
    const panes = collected<{ window: { start: number }; value: number }>()
    const dropped: unknown[] = []
    const job = pipeline('p')
      .from(replay(events, { arrivedAt: (e) => Math.min(e.at, 70_000) }))
      .eventTime({ timestamp: (e) => e.at, watermark: monotonous(), maxAhead: '5m' })
      .keyBy(() => 'a')
      .window(tumbling('1m'))
      .count()
      .to(panes as never)
      .start({ clock: arrivalClock() })
    job.on('dropped', (what) => dropped.push(what))
    await job.done
    expect(panes.items.map(({ window, value }) => [window.start, value])).toEqual([
      [0, 3],
      [60_000, 2],
      [year3000, 1],
    ])
    expect(job.metrics().get('tooFarAhead')).toBe(1)
    expect(dropped).toEqual([{ reason: 'tooFarAhead', where: '0', count: 1 }])
  })
})

describe('mistakes in building', () => {
  const keyed = pipeline('p')
    .from([event(0)])
    .eventTime({ timestamp: () => 0, watermark: monotonous() })
    .keyBy(() => 'a')
  const time = { timestamp: (): number => 0, watermark: monotonous() }
  const js = <T = never>(value: unknown): T => value as T

  test.each([
    ['zero size', () => tumbling('0s'), 'BAD_DURATION'],
    ['negative size', () => tumbling(js<Duration>('-5s')), 'BAD_DURATION'],
    ['bare number', () => session(js<Duration>(30_000)), 'BAD_DURATION'],
    ['exponent', () => slidingByRecord(js<Duration>('1e3s')), 'BAD_DURATION'],
    ['zero every', () => hopping('1m', { every: '0ms' }), 'BAD_DURATION'],
    ['too many slices', () => hopping('1h', { every: '1ms' }), 'TOO_MANY_SLICES'],
    [
      'lateness below zero',
      () => keyed.window(tumbling('1m'), { allowedLateness: js<Duration>('-1m') }),
      'BAD_DURATION',
    ],
    ['lateness as a number', () => keyed.window(tumbling('1m'), { allowedLateness: js<Duration>(5) }), 'BAD_DURATION'],
    [
      'deltas into latest values',
      () => keyed.window(tumbling('1m'), { accumulation: 'discarding' }).count().to(js(latestValues())),
      'DELTAS_LOSE_DATA',
    ],
    [
      'deltas into latest values behind a map',
      () =>
        keyed
          .window(tumbling('1m'), { accumulation: 'discarding' })
          .count()
          .map((n) => n + 1)
          .to(js(latestValues())),
      'DELTAS_LOSE_DATA',
    ],
    ['unknown accumulation', () => keyed.window(tumbling('1m'), { accumulation: js('discard') }), 'BAD_OPTION'],
    ['a trigger that was not called', () => keyed.window(tumbling('1m'), { trigger: js(() => 1) }), 'BAD_TRIGGER'],
    ['no window assigner', () => keyed.window(js('1m')), 'BAD_WINDOWS'],
    ['maxKeys of zero', () => keyed.window(tumbling('1m'), { maxKeys: 0 }), 'BAD_MAX_KEYS'],
    ['no aggregate', () => keyed.window(tumbling('1m')).aggregate(() => ({})), 'BAD_AGGREGATE'],
    [
      'an aggregate that was not called',
      () => keyed.window(tumbling('1m')).aggregate(js((a: { count: unknown }) => ({ n: a.count }))),
      'BAD_AGGREGATE',
    ],
    [
      'no watermark',
      () =>
        pipeline('p')
          .from([1])
          .eventTime(js({ timestamp: () => 0 })),
      'NO_WATERMARK',
    ],
    [
      'advance without idleAfter',
      () =>
        pipeline('p')
          .from([1])
          .eventTime({ ...time, whenAllIdle: 'advance' }),
      'NO_IDLE_AFTER',
    ],
    [
      'time twice',
      () => js<{ eventTime(o: unknown): void }>(pipeline('p').from([1]).eventTime(time)).eventTime(time),
      'TIME_TWICE',
    ],
    [
      'keyBy without time',
      () => js<{ keyBy(f: unknown): void }>(pipeline('p').from([1])).keyBy(() => 'a'),
      'NO_EVENT_TIME',
    ],
    ['a text as source', () => pipeline('p').from('abc'), 'BAD_SOURCE'],
    ['no sink', () => pipeline('p').from([1]).to(js({})), 'BAD_SINK'],
    ['no function', () => pipeline('p').from([1]).map(js(5)), 'BAD_FUNCTION'],
    ['no name', () => pipeline(''), 'BAD_NAME'],
    ['no policy', () => pipeline('p', { onError: js('ignore') }), 'BAD_POLICY'],
    [
      'a checkpoint with a source that cannot seek',
      () =>
        pipeline('p')
          .from(new Set([1]))
          .to(collected())
          .start({ checkpoint: memoryCheckpoints() }),
      'CANNOT_SEEK',
    ],
    ['batches of nothing', () => pipeline('p').from([1]).to(collected()).start({ batchSize: 0 }), 'BAD_BATCH_SIZE'],
  ] as const)('%s', (_, build, code) => {
    try {
      build()
    } catch (error) {
      expect(error).toBeInstanceOf(StreamError)
      expect((error as StreamError).code).toBe(code)
      // What was found, what was expected, and what to do.
      expect((error as StreamError).message).toMatch(/found .*, expected .*\. \S/s)
      return
    }
    expect.unreachable(`expected ${code}`)
  })
})

describe('windows and watermarks from user code', () => {
  test.each([
    [[{ start: 0, end: 0 }]],
    [[{ start: 5, end: 9 }]],
    [[{ start: Number.NaN, end: 9 }]],
    [[undefined]],
    [5],
  ])('assignWindows returned %j', async (windows) => {
    const job = pipeline('p')
      .from([event(0)])
      .eventTime({ timestamp: () => 0, watermark: monotonous() })
      .keyBy(() => 'a')
      .window(assignWindows({ assign: () => windows as never }))
      .count()
      .to(collected())
      .start()
    expect(await failure(job.done)).toMatchObject({ code: 'BAD_WINDOW' })
  })

  test('a punctuated watermark that is no whole number', async () => {
    const out = collected<{ value: number }>()
    const job = pipeline('p', { onError: 'skip' })
      .from([event(0), event(1, 'a', 0.5), event(2)])
      .eventTime({ timestamp: (e) => e.at as number, watermark: punctuated((e) => e.value) })
      .keyBy(() => 'a')
      .window(tumbling('1m'))
      .count()
      .to(out as never)
      .start()
    await job.done
    expect(out.items.map(({ value }) => value)).toEqual([2])
    expect(job.metrics().get('window.skipped')).toBe(1)
  })
})

describe('bounded state', () => {
  const views = memorySource<Event>()
  views.push(['a', 'b', 'c', 'a', 'd'].map((key, i) => event(i, key)))
  views.finish()
  const counts = (
    whenFull: 'fail' | 'shed',
    late = collected<LateRecord<Event>>(),
    out = collected<{ key: string; value: number }>(),
  ) => ({
    late,
    out,
    job: pipeline('p')
      .from(views)
      .eventTime({ timestamp: (e) => e.at as number, watermark: boundedOutOfOrderness('1s') })
      .keyBy((e) => e.key as string)
      .window(tumbling('1m'), { maxKeys: 2, whenFull })
      .lateTo(late)
      .count()
      .to(out as never)
      .start(),
  })

  test('maxKeys fails the job with the numbers, whatever the policy for records', async () => {
    expect(await failure(counts('fail').job.done)).toMatchObject({
      code: 'STATE_FULL',
      message: expect.stringMatching(/found 2 entries of \(key, window\), expected at most maxKeys = 2/) as string,
    })
  })

  test('or sheds what would need a new entry: counted, in the late output, announced', async () => {
    const { job, late, out } = counts('shed')
    const dropped: unknown[] = []
    job.on('dropped', (what) => dropped.push(what))
    await job.done
    expect(out.items.map(({ key, value }) => [key, value])).toEqual([
      ['a', 2],
      ['b', 1],
    ])
    expect(late.items.map(({ key, reason }) => [key, reason])).toEqual([
      ['c', 'shed'],
      ['d', 'shed'],
    ])
    expect([
      job.metrics().get('window.assignments'),
      job.metrics().get('window.onTime'),
      job.metrics().get('window.shed'),
    ]).toEqual([5, 3, 2])
    expect(dropped).toEqual([{ reason: 'shed', where: 'window', count: 2 }])
  })
})
