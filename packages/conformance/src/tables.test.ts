/** The tables of semantics section 7, to the letter. Times are minutes and seconds after 12:00. */
import {
  type Duration,
  type Pane,
  type Pipeline,
  type Trigger,
  type ValuePane,
  type WindowAssigner,
  type WindowOptions,
  collected,
  latestValues,
  monotonous,
  oneWindow,
  pipeline,
  session,
  tumbling,
} from '@tidemark/core'
import { type Script, script, scriptOf, simulate } from '@tidemark/testing'
import {
  afterCount,
  alignedProcessingTime,
  continuousRefinement,
  earlyAndLate,
  emitOnClose,
  everyUpdate,
  repeatedly,
} from '@tidemark/triggers'
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
/** The last one comes at 09:00 before what is due then. */
const tenByMinutes: typeof ten = [...ten.slice(0, -1), ['08:59.999', 't=1@07:46.7'], ['09:00', 'watermark 0']]
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
  readonly accumulation?: 'accumulating' | 'discarding' | 'retracting'
}

function total(windows: WindowAssigner<unknown, never>, row: Row = {}): Pipeline<unknown, Score> {
  return pipeline('scores')
    .from<Score>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ team }) => team)
    .window(windows, { ...row } as WindowOptions<never>)
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

/** '+22[02:26–05:19]@07:33': what was written when, what was withdrawn with a minus. */
function written(scores: Script, windows: WindowAssigner<unknown, never>, row: Row): readonly string[] {
  const run = simulate(total(windows, row), scores, { record: (team, points, at) => ({ team, points, at }) })
  expect(run.stateEntries).toBe(0)
  return (run.panes as readonly Pane<string, number>[]).flatMap((pane) =>
    pane.kind === 'correction'
      ? []
      : [
          `${pane.kind === 'retraction' ? '−' : '+'}${pane.value}[${clock(pane.window.start)}–${clock(pane.window.end)}]@${clock(pane.emittedAt)}`,
        ],
  )
}

function clock(at: number): string {
  const seconds = (at % 60_000) / 1_000
  return `${String(Math.floor(at / 60_000)).padStart(2, '0')}:${seconds < 10 ? '0' : ''}${seconds}`
}

/** What a key-value store holds after them, in order of time. */
async function held(scores: Script, windows: WindowAssigner<unknown, never>, row: Row): Promise<readonly string[]> {
  const run = simulate(total(windows, row), scores, { record: (team, points, at) => ({ team, points, at }) })
  const store = latestValues<string, number>()
  const writer = await store.open({ id: '0' } as never)
  await writer.write(run.panes as never)
  const timings = new Map(
    (run.panes as readonly ValuePane<string, number>[]).map(({ value, timing }) => [value, timing]),
  )
  return [...store.entries()]
    .toSorted(([, a], [, b]) => a.start - b.start)
    .map(([, { start, end }, value]) => `${value} [${clock(start)}, ${clock(end)}) ${timings.get(value) ?? ''}`)
}

const minute: Trigger<never> = repeatedly(alignedProcessingTime('1m'))

describe('sessions of the nine scores', () => {
  const gap = session('1m') as never

  test('early, on time, late, heuristic: the intermediate ones are withdrawn', async () => {
    const scores = timed(...nine('04:59'), ...heuristic)
    for (const accumulation of ['accumulating', 'retracting'] as const) {
      const row: Row = { trigger: earlyAndLate({ earlyEvery: '1m' }) as never, allowedLateness: '1h', accumulation }
      expect(await held(scores, gap, row)).toEqual(['36 [00:26, 05:19) late', '12 [06:39, 08:46) on-time'])
      const gone = written(scores, gap, row).filter((line) => line.startsWith('−'))
      expect(new Set(gone.map((line) => /−(\d+)/.exec(line)?.[1]))).toEqual(new Set(['5', '7', '22', '3']))
    }
    const row: Row = { trigger: earlyAndLate({ earlyEvery: '1m' }) as never, allowedLateness: '1h' }
    expect(written(scores, gap, row)).toEqual([
      '+5[00:26–01:26]@05:59',
      '+5[00:26–01:26]@06:00',
      '+7[02:26–03:26]@06:39',
      '−7[02:26–03:26]@07:13',
      '+22[02:26–05:19]@07:13',
      '+22[02:26–05:19]@07:40',
      '+3[06:39–07:39]@08:19',
      '−5[00:26–01:26]@08:19',
      '−22[02:26–05:19]@08:19',
      '+36[00:26–05:19]@08:19',
      '−3[06:39–07:39]@09:30',
      '+12[06:39–08:46]@09:30',
    ])
  })

  describe('retraction table for a key-value store: a pane per record', () => {
    const at: Readonly<Record<string, string>> = { 't=4@04:19': '06:46', 't=8@03:06': '07:33', 't=8@07:26': '08:13' }
    const scores = timed(...none, ...nine('05:19').map(([when, what]) => [at[what] ?? when, what] as const))
    const sequence = [
      '+5[00:26–01:26]@05:19',
      '+7[02:26–03:26]@05:39',
      '+3[03:39–04:39]@06:13',
      '−3[03:39–04:39]@06:46 +7[03:39–05:19]@06:46',
      '+3[06:39–07:39]@07:19',
      '−7[02:26–03:26]@07:33 −7[03:39–05:19]@07:33 +22[02:26–05:19]@07:33',
      '−3[06:39–07:39]@08:13 +11[06:39–08:26]@08:13',
      '−5[00:26–01:26]@08:19 −22[02:26–05:19]@08:19 +36[00:26–05:19]@08:19',
      '−11[06:39–08:26]@09:00 +12[06:39–08:46]@09:00',
    ].flatMap((line) => line.split(' '))

    test.each(['accumulating', 'retracting'] as const)('%s', async (accumulation) => {
      const row: Row = { trigger: everyUpdate(), accumulation }
      expect(written(scores, gap, row)).toEqual(sequence)
      expect(await held(scores, gap, row)).toEqual(['36 [00:26, 05:19) early', '12 [06:39, 08:46) early'])
    })
  })
})

describe('ten scores', () => {
  test('global, batch', () => {
    expect(whole(oneWindow() as never, timed(...ten))).toEqual([51])
  })

  test('fixed 2 min, batch', () => {
    expect(whole(tumbling('2m') as never, timed(...none, ...ten))).toEqual([14, 22, 3, 12])
  })

  const values = (scores: Script, row: Row): readonly number[] =>
    (
      simulate(total(oneWindow() as never, row), scores, {
        record: (team, points, at) => ({ team, points, at }),
      }).panes as readonly { readonly value: number }[]
    ).map(({ value }) => value)

  test('global, at every whole minute', () => {
    expect(values(timed(...tenByMinutes), { trigger: minute })).toEqual([12, 22, 33, 51])
    expect(values(timed(...tenByMinutes), { trigger: minute, accumulation: 'discarding' })).toEqual([12, 10, 11, 18])
  })

  test('global, every 2 elements, discarding', () => {
    expect(values(timed(...ten), { trigger: repeatedly(afterCount(2)), accumulation: 'discarding' })).toEqual([
      12, 7, 11, 12, 9,
    ])
  })

  test('sessions gap 1 min, retracting, at every whole minute', async () => {
    const row: Row = { trigger: minute, accumulation: 'retracting' }
    const scores = timed(...none, ...tenByMinutes)
    expect(written(scores, session('1m') as never, row)).toEqual([
      '+5[00:26.7–01:26.7]@06:00',
      '+7[02:26.7–03:26.7]@06:00',
      '+10[03:40–05:20]@07:00',
      '−7[02:26.7–03:26.7]@08:00',
      '−10[03:40–05:20]@08:00',
      '+25[02:26.7–05:20]@08:00',
      '+3[06:40–07:40]@08:00',
      '−5[00:26.7–01:26.7]@09:00',
      '−25[02:26.7–05:20]@09:00',
      '+39[00:26.7–05:20]@09:00',
      '−3[06:40–07:40]@09:00',
      '+12[06:40–08:46.7]@09:00',
    ])
    expect(await held(scores, session('1m') as never, row)).toEqual([
      '39 [00:26.7, 05:20) early',
      '12 [06:40, 08:46.7) early',
    ])
  })

  test.each([
    ['discarding', '+7 +7 +8'],
    ['accumulating', '+7 +14 +22'],
    ['retracting', '+7 −7 +14 −14 +22'],
  ] as const)('accumulation modes for the second window [7] / [3, 4] / [8]: %s', (accumulation, panes) => {
    const lines = written(timed(...none, ...tenByMinutes), tumbling('2m') as never, { trigger: minute, accumulation })
    const second = lines.filter((line) => line.includes('[02:00–04:00]')).map((line) => line.replace(/\[.*/, ''))
    expect(second.join(' ')).toBe(panes)
  })
})
