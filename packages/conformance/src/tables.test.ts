/** The tables of semantics section 7 that need no retraction, to the letter. Times are minutes and seconds after 12:00. */
import {
  type Duration,
  type Pane,
  type Pipeline,
  type Trigger,
  type WindowAssigner,
  collected,
  latestValues,
  monotonous,
  oneWindow,
  pipeline,
  session,
  tumbling,
} from '@tidemark/core'
import { type Script, script, scriptOf, simulate } from '@tidemark/testing'
import { continuousRefinement, earlyAndLate, emitOnClose } from '@tidemark/triggers'
import { describe, expect, test } from 'vitest'

interface Score {
  readonly team: string
  readonly points: number
  readonly at: number
}
type Steps = Script['steps'][number]

/** Each record, and each watermark, at its processing time. */
function timed(...lines: readonly (readonly [clock: string, what: string])[]): Script {
  const steps = lines
    .map(
      ([clock, what]) => script(`clock ${clock} | ${what}`).steps as readonly [Steps & { readonly to: number }, Steps],
    )
    .toSorted(([a], [b]) => a.to - b.to)
  return scriptOf([...steps.flat(), { kind: 'end' }])
}

const nine = (fiveAt: string): readonly (readonly [string, string])[] => [
  [fiveAt, 't=5@00:26'],
  ['05:39', 't=7@02:26'],
  ['06:13', 't=3@03:39'],
  ['06:39', 't=4@04:19'],
  ['07:06', 't=8@03:06'],
  ['07:19', 't=3@06:39'],
  ['08:19', 't=9@01:26'],
  ['08:39', 't=8@07:26'],
  ['09:00', 't=1@07:46'],
]
const ten: readonly (readonly [string, string])[] = [
  ['05:20', 't=5@00:26.7'],
  ['05:40', 't=7@02:26.7'],
  ['06:13.3', 't=3@03:40'],
  ['06:26.7', 't=4@03:53.3'],
  ['06:40', 't=3@04:20'],
  ['07:06.7', 't=8@03:06.7'],
  ['07:20', 't=3@06:40'],
  ['08:20', 't=9@01:26.7'],
  ['08:40', 't=8@07:26.7'],
  ['09:00', 't=1@07:46.7'],
]
/** A source without any watermark before the end of input. */
const none = [['00:00', 'watermark 0']] as const
const perfect = [
  ['08:39', 'watermark 02:00'],
  ['09:00', 'watermark 04:00'],
  ['09:10', 'watermark 06:00'],
  ['09:20', 'watermark 08:00'],
] as const
const heuristic = [
  ['06:00', 'watermark 02:00'],
  ['07:30', 'watermark 04:00'],
  ['07:40', 'watermark 06:00'],
  ['09:30', 'watermark 08:30'],
] as const

interface Row {
  readonly trigger?: Trigger<never>
  readonly allowedLateness?: Duration
  readonly accumulation?: 'accumulating' | 'retracting' | 'discarding'
}

function total(windows: WindowAssigner<unknown, never>, row: Row = {}): Pipeline<unknown, Score> {
  return pipeline('scores')
    .from<Score>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ team }) => team)
    .window(windows, { ...row })
    .sum(({ points }) => points)
    .to(collected() as never) as unknown as Pipeline<unknown, Score>
}

/** 'W0 5E 14O': the panes of each window, E early, O on time, L late; of several windows in order. */
function table(scores: Script, row: Row): { readonly panes: string; readonly tooLate: number } {
  const run = simulate(total(tumbling('2m') as never, row), scores, {
    record: (team, points, at) => ({ team, points, at }),
  })
  const windows = new Map<number, string>()
  for (const { window, value, timing } of run.panes as readonly {
    readonly window: { readonly start: number }
    readonly value: number
    readonly timing: string
  }[]) {
    const letter = { early: 'E', 'on-time': 'O', late: 'L' }[timing]
    windows.set(window.start, `${windows.get(window.start) ?? `W${window.start / 60_000}`} ${value}${letter}`)
  }
  expect(run.stateEntries).toBe(0)
  return {
    panes: [...windows]
      .toSorted(([a], [b]) => a - b)
      .map(([, text]) => text)
      .join(' · '),
    tooLate: run.metrics.get('window.tooLate') ?? Number.NaN,
  }
}

function whole(windows: WindowAssigner<unknown, never>, scores: Script): readonly number[] {
  const run = simulate(total(windows), scores, { record: (team, points, at) => ({ team, points, at }) })
  return (run.panes as readonly { readonly value: number }[]).map(({ value }) => value)
}

describe('nine scores', () => {
  const early: Row = { trigger: earlyAndLate({ earlyEvery: '1m' }) as never, allowedLateness: '1h' }
  const slow = timed(...nine('05:19'), ...perfect)
  const fast = timed(...nine('04:59'), ...heuristic)

  test('one global window, end of input', () => {
    expect(whole(oneWindow() as never, timed(...nine('05:19')))).toEqual([48])
  })

  test('fixed 2 min, end of input', () => {
    const scores = timed(...none, ...nine('05:19'))
    expect(whole(tumbling('2m') as never, scores)).toEqual([14, 18, 4, 12])
    expect(table(scores, {})).toEqual({ panes: 'W0 14O · W2 18O · W4 4O · W6 12O', tooLate: 0 })
  })

  test('a pane per record, accumulating', () => {
    const { panes } = table(timed(...none, ...nine('05:19')), { trigger: continuousRefinement() as never })
    expect(panes).toBe('W0 5E 14E · W2 7E 10E 18E · W4 4E · W6 3E 11E 12E')
  })

  test.each([
    ['watermarkThenUpdates, the default', {}],
    ['emitOnClose', { trigger: emitOnClose() as never }],
  ] as const)('watermark only, lateness 0: %s', (_, row) => {
    expect(table(slow, row)).toEqual({ panes: 'W0 14O · W2 18O · W4 4O · W6 12O', tooLate: 0 })
    expect(table(fast, row)).toEqual({ panes: 'W0 5O · W2 18O · W4 4O · W6 12O', tooLate: 1 })
  })

  test('early 1 min after the first element, on time, late per record, perfect', () => {
    expect(table(slow, early).panes).toBe('W0 5E 14O · W2 10E 18E 18O · W4 4E 4O · W6 3E 12O')
  })

  test('the same, heuristic', () => {
    expect(table(fast, early).panes).toBe('W0 5E 5O 14L · W2 10E 18O · W4 4E 4O · W6 3E 12O')
  })

  test('heuristic, the 5 at 05:19: its minute ends after the watermark, so there is no 5E', () => {
    expect(table(timed(...nine('05:19'), ...heuristic), early).panes).toBe(
      'W0 5O 14L · W2 10E 18O · W4 4E 4O · W6 3E 12O',
    )
  })

  test('the same, lateness 2 min, an extra 6 arriving with the 4: the 9 is too late', () => {
    const scores = timed(...nine('04:59'), ['06:39', 't=6@00:53'], ...heuristic)
    expect(table(scores, { ...early, allowedLateness: '2m' })).toEqual({
      panes: 'W0 5E 5O 11L · W2 10E 18O · W4 4E 4O · W6 3E 12O',
      tooLate: 1,
    })
  })

  test('the same, discarding, the on-time pane always', () => {
    expect(table(fast, { ...early, accumulation: 'discarding' }).panes).toBe(
      'W0 5E 0O 9L · W2 10E 8O · W4 4E 0O · W6 3E 9O',
    )
  })
})

describe('ten scores', () => {
  test('global, batch', () => {
    expect(whole(oneWindow() as never, timed(...ten))).toEqual([51])
  })

  test('fixed 2 min, batch', () => {
    expect(whole(tumbling('2m') as never, timed(...none, ...ten))).toEqual([14, 22, 3, 12])
  })
})

describe('the retraction table for a key-value store', () => {
  // Processing times are changed for the 4, the 8 at 03:06 and the 8 at 07:26.
  const changed: readonly (readonly [string, string])[] = [
    ['05:19', 't=5@00:26'],
    ['05:39', 't=7@02:26'],
    ['06:13', 't=3@03:39'],
    ['06:46', 't=4@04:19'],
    ['07:19', 't=3@06:39'],
    ['07:33', 't=8@03:06'],
    ['08:13', 't=8@07:26'],
    ['08:19', 't=9@01:26'],
    ['09:00', 't=1@07:46'],
  ]
  const minutes = (ms: number): string => new Date(ms).toISOString().slice(14, 19)

  test.each(['accumulating', 'retracting'] as const)(
    '%s: to the letter, and the store ends with 36 and 12',
    async (accumulation) => {
      const run = simulate(
        total(session('1m') as never, { trigger: continuousRefinement() as never, accumulation }),
        timed(...none, ...changed),
        { record: (team, points, at) => ({ team, points, at }) },
      )
      type Entry = Pane<string, number> & { readonly value: number }
      const panes = run.panes as readonly Entry[]
      const told = panes.map(
        ({ kind, value, window, emittedAt }) =>
          `${kind === 'retraction' ? '−' : '+'}${value}[${minutes(window.start)}–${minutes(window.end)}]@${minutes(emittedAt)}`,
      )
      expect(told).toEqual([
        '+5[00:26–01:26]@05:19',
        '+7[02:26–03:26]@05:39',
        '+3[03:39–04:39]@06:13',
        '−3[03:39–04:39]@06:46',
        '+7[03:39–05:19]@06:46',
        '+3[06:39–07:39]@07:19',
        '−7[02:26–03:26]@07:33',
        '−7[03:39–05:19]@07:33',
        '+22[02:26–05:19]@07:33',
        '−3[06:39–07:39]@08:13',
        '+11[06:39–08:26]@08:13',
        '−5[00:26–01:26]@08:19',
        '−22[02:26–05:19]@08:19',
        '+36[00:26–05:19]@08:19',
        '−11[06:39–08:26]@09:00',
        '+12[06:39–08:46]@09:00',
      ])
      const store = latestValues<string, number>()
      await (await store.open({ id: '0' } as never)).write(panes)
      expect([...store.entries()].map(([, , value]) => value).toSorted((a, b) => a - b)).toEqual([12, 36])
    },
  )
})
