/** Windows over results, case by case: what replaces what, what is withdrawn, and what they are told of time. */
import {
  type KeyedRecords,
  type Results,
  type TimeWindow,
  type Trigger,
  type WindowOptions,
  assignWindows,
  collected,
  monotonous,
  ms,
  pipeline,
  session,
  together,
  tumbling,
  watermarkThenUpdates,
} from '@tidemark/core'
import { type Script, script, simulate } from '@tidemark/testing'
import {
  afterCount,
  atMostEvery,
  continuousRefinement,
  emitOnClose,
  everyUpdate,
  onChange,
  repeatedly,
  suppress,
  updateMode,
} from '@tidemark/triggers'
import { describe, expect, test } from 'vitest'

interface Item {
  readonly key: string
  readonly value: number
  readonly at: number
}
const item = (key: string, value: number, at: number): Item => ({ key, value, at })

/** Sums per key and 10 ms, a pane per record. */
function tens(options: WindowOptions<TimeWindow> = {}): Results<string, number, TimeWindow, 'accumulating', Item> {
  return pipeline('over')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .name('tens')
    .window(tumbling('10ms'), { trigger: continuousRefinement(), ...options })
    .sum(({ value }) => value)
}
const all = <V>(results: Results<string, V, TimeWindow, 'accumulating', Item>): KeyedRecords<string, V, Item> =>
  results.keyBy(() => 'all')

type Line = Parameters<typeof simulate<unknown, Item>>[0]

/** `step: value [start`, what is withdrawn with a minus. Restarts after every step change nothing. */
function run(line: unknown, steps: Script): readonly string[] {
  const one = simulate(line as Line, steps, { record: item })
  one.crashAtEveryStep().sameResults()
  expect(one.stateEntries).toBe(0)
  return shown(one.steps)
}

function shown(steps: readonly { readonly panes: readonly unknown[] }[]): readonly string[] {
  return steps.flatMap(({ panes }, i) =>
    panes.map((pane) => {
      const { key, window, value, kind } = pane as { key: string; window: TimeWindow; value: unknown; kind: string }
      const name = key === 'all' ? '' : `${key} `
      return `${i}: ${name}${kind === 'retraction' ? '-' : ''}${JSON.stringify(value)} [${window.start}`
    }),
  )
}

describe('a newer pane takes the place of the one before', () => {
  const counting = (trigger: Trigger<TimeWindow>, options: WindowOptions<TimeWindow> = {}) =>
    all(tens(options))
      .window(tumbling('30ms'), { trigger })
      .aggregate((a) => ({ sum: a.sum((n) => n), parts: a.count(), greatest: a.max((n) => n) }))
      .to(collected())
  const steps = script`a=1@1 | a=2@2 | b=4@3 | a=-8@4 | a=1@11 | watermark 30 | end`

  test('in every aggregate, also in those that cannot subtract', () => {
    expect(run(counting(everyUpdate()), steps)).toEqual([
      '0: {"sum":1,"parts":1,"greatest":1} [0',
      '1: {"sum":3,"parts":1,"greatest":3} [0',
      '2: {"sum":7,"parts":2,"greatest":4} [0',
      '3: {"sum":-1,"parts":2,"greatest":4} [0',
      '4: {"sum":0,"parts":3,"greatest":4} [0',
    ])
  })

  test('a retraction and what follows it are one change', () => {
    const line = all(tens({ accumulation: 'retracting' as 'accumulating' }))
      .window(tumbling('30ms'), { trigger: everyUpdate() })
      .sum((n) => n)
      .to(collected())
    expect(run(line, steps)).toEqual(['0: 1 [0', '1: 3 [0', '2: 7 [0', '3: -1 [0', '4: 0 [0'])
  })

  test('in what goes by event time as well: that of a result is the last instant of its window', () => {
    const line = all(tens())
      .window(tumbling('30ms'), { trigger: everyUpdate() })
      .aggregate((a) => ({ first: a.first((n) => n), last: a.last((n) => n) }))
      .to(collected())
    expect(run(line, script`watermark 0 | a=1@1 | a=2@11 | a=4@2 | b=8@22 | b=-3@23 | end`)).toEqual([
      '1: {"first":1,"last":1} [0',
      '2: {"first":1,"last":2} [0',
      '3: {"first":5,"last":2} [0',
      '4: {"first":5,"last":8} [0',
      '5: {"first":5,"last":5} [0',
    ])
  })

  test('and is one change to the trigger, by whatever way it comes', () => {
    for (const accumulation of ['accumulating', 'retracting'] as const) {
      const line = all(tens({ accumulation: accumulation as 'accumulating' }))
        .window(tumbling('30ms'), { trigger: repeatedly(afterCount(3)) })
        .sum((n) => n)
        .to(collected())
      expect(run(line, script`a=1@1 | a=2@2 | a=4@3 | a=8@4 | a=16@5 | a=32@6 | a=64@7 | end`)).toEqual([
        '2: 7 [0',
        '5: 63 [0',
        '7: 127 [0',
      ])
    }
  })

  test('late where the outer window was complete, though its first panes were early', () => {
    const line = all(tens({ trigger: watermarkThenUpdates(), allowedLateness: '50ms' }))
      .window(tumbling('30ms'), { trigger: everyUpdate() })
      .sum((n) => n)
      .to(collected())
    const { panes } = simulate(line as Line, script`a=1@1 | watermark 10 | watermark 30 | a=2@2 | end`, {
      record: item,
    })
    expect(panes).toMatchObject([
      { value: 1, timing: 'early' },
      { value: 3, timing: 'late', records: 1, lateRecords: 1 },
    ])
  })

  test('differences add up', () => {
    const line = tens({ accumulation: 'discarding' as 'accumulating' })
      .keyBy(() => 'all')
      .window(tumbling('30ms'), { trigger: everyUpdate() })
      .sum((n) => n)
      .to(collected())
    expect(run(line, steps)).toEqual(['0: 1 [0', '1: 3 [0', '2: 7 [0', '3: -1 [0', '4: 0 [0'])
  })
})

describe('what is withdrawn', () => {
  const even = (options: WindowOptions<TimeWindow> = {}) => all(tens(options).filter((n) => n % 2 === 0))

  test('leaves, and with the last part the window itself; what comes after is numbered on', () => {
    const line = even()
      .window(tumbling('30ms'), { trigger: everyUpdate() })
      .sum((n) => n)
      .to(collected())
    const steps = script`a=2@1 | b=4@11 | a=1@2 | b=1@12 | b=1@13 | watermark 30 | end`
    expect(run(line, steps)).toEqual(['0: 2 [0', '1: 6 [0', '2: 4 [0', '3: -4 [0', '4: 6 [0'])
    const panes = simulate(line, steps, { record: item }).panes as readonly { index: number; isFirst: boolean }[]
    expect(panes.map(({ index, isFirst }) => [index, isFirst])).toEqual([
      [0, true],
      [1, false],
      [2, false],
      [2, false],
      [3, false],
    ])
  })

  test('and comes back with the same value is a change', () => {
    const line = even()
      .window(tumbling('30ms'), { trigger: everyUpdate(), gate: onChange() })
      .sum((n) => n)
      .to(collected())
    const steps = script`a=2@1 | a=1@2 | a=-1@3 | a=0@4 | watermark 30 | end`
    expect(run(line, steps)).toEqual(['0: 2 [0', '1: -2 [0', '2: 2 [0'])
  })

  test('counts as shown for a gate that limits how often', () => {
    const line = even()
      .window(tumbling('30ms'), { trigger: everyUpdate(), gate: atMostEvery('10ms') })
      .sum((n) => n)
      .to(collected())
    const steps = script`clock 1 | a=2@1 | clock 12 | a=1@2 | clock 15 | a=-1@3 | clock 21 | clock 22 | end`
    expect(run(line, steps)).toEqual(['1: 2 [0', '3: -2 [0', '7: 2 [0'])
  })

  test('moves to another key when the key depends on the value', () => {
    const line = tens()
      .keyBy((n) => (n < 10 ? 'small' : 'large'))
      .window(tumbling('30ms'), { trigger: everyUpdate() })
      .sum((n) => n)
      .to(collected())
    expect(run(line, script`a=1@1 | b=2@2 | a=9@3 | a=-5@4 | end`)).toEqual([
      '0: small 1 [0',
      '1: small 3 [0',
      '2: large 10 [0',
      '2: small 2 [0',
      '3: small 7 [0',
      '3: large -10 [0',
    ])
  })

  test('moves to another window when windows depend on the value', () => {
    const line = all(tens())
      .window(assignWindows({ assign: (at, n: number) => [{ start: at - (n % 3), end: at + 90 }] }), {
        trigger: everyUpdate(),
      })
      .sum((n) => n)
      .to(collected())
    const steps = script`a=3@1 | b=3@2 | a=1@3 | end`
    expect(run(line, steps)).toEqual(['0: 3 [9', '1: 6 [9', '2: 4 [8', '2: 3 [9'])
  })

  test('waits in a buffer from its own time on', () => {
    const line = even()
      .window(tumbling('100ms'), { trigger: suppress.untilTimeLimit('20ms', { onFull: 'emitEarly' }) })
      .sum((n) => n)
      .to(collected())
    // Withdrawn at 43: its minute ends at 50, so it leaves at 49 + 20 at the latest.
    const steps = script`watermark 0 | a=2@1 | a=4@41 | watermark 29 | watermark 42 | a=1@43 | watermark 68 | watermark 69 | watermark 100 | end`
    expect(run(line, steps)).toEqual(['3: 6 [0', '7: 2 [0'])
  })
})

test('a pane that the aggregate refuses withdraws the one before: nothing stale stands', () => {
  const line = all(tens())
    .window(tumbling('30ms'), { trigger: everyUpdate(), onError: 'skip' })
    .sum((n) => (n > 9 ? Number.NaN : n))
    .to(collected())
  expect(run(line, script`a=1@1 | b=2@2 | a=20@3 | a=-20@4 | end`)).toEqual([
    '0: 1 [0',
    '1: 3 [0',
    '2: 2 [0',
    '3: 3 [0',
  ])
})

test('a pane that the key function refuses does too', () => {
  const line = tens()
    .keyBy((n) => (n > 9 ? ({} as string) : 'all'), { onError: 'skip' })
    .window(tumbling('30ms'), { trigger: everyUpdate() })
    .sum((n) => n)
    .to(collected())
  const steps = script`a=1@1 | b=2@2 | a=20@3 | a=-20@4 | end`
  expect(run(line, steps)).toEqual(['0: 1 [0', '1: 3 [0', '2: 2 [0', '3: 3 [0'])
  const { metrics } = simulate(line, steps, { record: item })
  const of = (name: string): number | undefined => metrics.get(`keyResults.${name}`)
  expect(['records', 'skipped', 'replaced', 'withdrawn'].map(of)).toEqual([4, 1, 0, 0])
})

describe('time', () => {
  test('several windows over the same results each have a watermark of their own', () => {
    const keyed = all(tens({ trigger: watermarkThenUpdates(), allowedLateness: '20ms' }))
    const slow = keyed
      .name('slow')
      .finalize({ window: () => ({ start: 0, end: 10 }), lag: '15ms' })
      .to(collected())
    const quick = keyed
      .name('quick')
      .window(tumbling('10ms'))
      .sum((n) => n)
      .to(collected())
    // The first record is late already: passed on at once by one, held until 10 + 15 by the other.
    const steps = script`watermark 12 | a=1@1 | watermark 24 | watermark 25 | a=2@2 | end`
    const panes = (...lines: readonly unknown[]): readonly string[] =>
      shown(simulate(together(...(lines as never[])) as unknown as Line, steps, { record: item }).steps)
    expect(panes(slow, quick)).toEqual(['3: 1 [0', '4: 3 [0'])
    expect(panes(quick, slow)).toEqual(['1: 1 [0', '4: 3 [0'])
  })

  test('results of sessions are a millisecond later, those of the freeing as late as that', () => {
    const sums = (inner: Results<string, number, TimeWindow, 'accumulating', Item>) =>
      all(inner)
        .window(tumbling('10ms'))
        .sum((n) => n)
        .to(collected())
    const sessions = pipeline('s')
      .from<Item>([])
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy(({ key }) => key)
      .window(session('4ms'))
      .sum(({ value }) => value)
    expect(run(sums(sessions as never), script`a=1@6 | watermark 10 | watermark 11 | watermark 12 | end`)).toEqual([
      '2: 1 [0',
    ])
    const closing = tens({ trigger: emitOnClose(), allowedLateness: ms(7) })
    expect(run(sums(closing), script`a=1@6 | watermark 10 | a=2@3 | watermark 16 | watermark 17 | end`)).toEqual([
      '4: 3 [0',
    ])
  })

  test('early panes are left out from completion on', () => {
    const line = tens({ trigger: continuousRefinement({ completion: true }) })
      .keyBy(() => 'all', { from: 'completion' })
      .window(tumbling('30ms'), { trigger: everyUpdate() })
      .sum((n) => n)
      .to(collected())
    const steps = script`a=1@1 | a=2@2 | watermark 10 | b=4@11 | watermark 20 | watermark 30 | end`
    expect(run(line, steps)).toEqual(['2: 3 [0', '4: 7 [0'])
    expect(simulate(line, steps, { record: item }).metrics.get('keyResults.filtered')).toBe(3)
  })

  test('a closing pane is one of completion only where no late records are waited for', () => {
    const from = (options: WindowOptions<TimeWindow>) => (): unknown =>
      tens({ trigger: updateMode({ every: '1s' }), ...options }).keyBy(() => 'all', { from: 'completion' })
    const refused = { code: 'EARLY_PANES_NEEDED' }
    expect(from({ closing: 'always', allowedLateness: '10ms' })).toThrow(expect.objectContaining(refused))
    expect(from({})).toThrow(expect.objectContaining(refused))
    expect(from({ closing: 'always' })).not.toThrow()
    expect(from({ onTime: 'always', allowedLateness: '10ms' })).not.toThrow()
  })
})
