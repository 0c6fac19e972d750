/** finalize, case by case: updates that do not say which is the last become finals and late updates. */
import {
  type FinalizeOptions,
  type LateRecord,
  type StreamError,
  collected,
  monotonous,
  pipeline,
} from '@tidemark/core'
import { type Script, script, simulate } from '@tidemark/testing'
import { describe, expect, test } from 'vitest'

/** An update about the ten milliseconds that `about` falls into; a value of 0 says that there is none any more. */
interface Update {
  readonly key: string
  readonly value: number
  readonly at: number
}
const start = (at: number): number => Math.floor(at / 10) * 10
const keyed = pipeline('finals')
  .from<Update>([])
  .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
  .keyBy(({ key }) => key)
const options: FinalizeOptions<Update> = {
  window: ({ at }) => ({ start: start(at), end: start(at) + 10 }),
  lag: '5ms',
}

function run(steps: Script, more: Partial<FinalizeOptions<Update>> = {}): readonly string[] {
  const line = keyed.finalize({ ...options, ...more }).to(collected())
  const one = simulate(line, steps, { record: (key, value, at): Update => ({ key, value, at }) })
  one.crashAtEveryStep().sameResults()
  expect(one.stateEntries).toBe(0)
  return one.steps.flatMap(({ panes }, i) =>
    panes.map((pane) => {
      if (pane.kind === 'retraction') return `${i}: -${pane.value.value} [${pane.window.start}`
      if (pane.kind !== 'value') return 'a correction'
      return `${i}: ${pane.value.value} ${pane.timing}${pane.isLast ? '!' : ''} [${pane.window.start}`
    }),
  )
}

test('the newest by arrival, when the watermark has passed the end by the lag', () => {
  const steps = script`watermark 0 | a=3@8 | a=1@2 | b=9@4 | watermark 10 | watermark 14 | a=2@5 | watermark 15 | end`
  expect(run(steps)).toEqual(['7: 2 on-time! [0', '7: 9 on-time! [0'])
})

test('then one pane per late update; what comes later still is counted and goes to its output', () => {
  const late = collected<LateRecord<Update>>()
  const steps = script`watermark 0 | a=1@1 | watermark 15 | a=2@2 | a=3@2 | watermark 22 | a=4@3 | watermark 23 | a=5@4 | end`
  const line = keyed.finalize({ ...options, allowedLateness: '8ms', lateTo: late }).to(collected())
  const one = simulate(line, steps, { record: (key, value, at): Update => ({ key, value, at }) })
  expect(run(steps, { allowedLateness: '8ms' })).toEqual([
    '2: 1 on-time [0',
    '3: 2 late [0',
    '4: 3 late [0',
    '6: 4 late [0',
  ])
  expect(one.late).toMatchObject([
    { value: { value: 5 }, reason: 'tooLate', window: { start: 0, end: 10 }, latenessMs: 8, watermark: 18 },
  ])
  expect(one.metrics.get('window.tooLate')).toBe(1)
})

test('closing: a last pane for each, if nothing changed as well', () => {
  const steps = script`watermark 0 | a=1@1 | watermark 15 | watermark 18 | end`
  expect(run(steps, { allowedLateness: '3ms', closing: 'always' })).toEqual(['2: 1 on-time [0', '3: 1 late! [0'])
})

describe('deleted', () => {
  const deleted = ({ value }: Update): boolean => value === 0

  test('before the release: nothing comes', () => {
    expect(run(script`watermark 0 | a=1@1 | a=0@2 | watermark 15 | end`, { deleted })).toEqual([])
    expect(run(script`watermark 0 | a=0@1 | watermark 15 | end`, { deleted, closing: 'always' })).toEqual([])
  })

  test('after it: what was released is withdrawn; and may come again', () => {
    const steps = script`watermark 0 | a=1@1 | watermark 15 | a=0@2 | a=0@2 | a=7@3 | watermark 25 | end`
    expect(run(steps, { deleted, allowedLateness: '9ms' })).toEqual(['2: 1 on-time [0', '3: -1 [0', '5: 7 late [0'])
  })

  test('what it throws stops the job, and names it', () => {
    const thrown = (): unknown =>
      run(script`watermark 0 | a=1@1 | watermark 15`, {
        deleted: () => {
          throw new Error('no')
        },
      })
    expect(thrown).toThrow(/threw Error: no, expected it to return/)
  })
})

test('the window is the own statement of an update, not where its time lies', () => {
  const window = ({ value }: Update): { readonly start: number; readonly end: number } => ({
    start: value,
    end: value + 10,
  })
  const steps = script`watermark 0 | a=40@1 | b=-90@2 | watermark 54 | watermark 55 | end`
  expect(run(steps, { window })).toEqual(['4: 40 on-time! [40'])
})

test.each([
  [{ start: 5, end: 5 }],
  [{ start: 0.5, end: 9 }],
  [{ start: 0, end: Number.NaN }],
  [undefined],
  ['[0, 10)'],
])('a window of %j is an error of the record', (window) => {
  const line = keyed.finalize({ ...options, window: () => window as never, onError: 'skip' }).to(collected())
  const one = simulate(line, script`watermark 0 | a=1@1 | watermark 99 | end`, {
    record: (key, value, at): Update => ({ key, value, at }),
  })
  expect([one.panes.length, one.metrics.get('window.skipped')]).toEqual([0, 1])
  const failing = keyed.finalize({ ...options, window: () => window as never }).to(collected())
  expect(() =>
    simulate(failing, script`watermark 0 | a=1@1`, { record: (key, value, at): Update => ({ key, value, at }) }),
  ).toThrow(/expected a window with whole start < end\. Check 'window' of finalize/)
})

test('mistakes are found while building', () => {
  const js =
    (more: object): (() => unknown) =>
    () =>
      keyed.finalize({ ...options, ...more } as never)
  const code = (build: () => unknown): string | undefined => {
    try {
      build()
    } catch (error) {
      return (error as StreamError).code
    }
    return undefined
  }
  expect(code(js({ window: undefined }))).toBe('BAD_FUNCTION')
  expect(code(js({ deleted: 'gone' }))).toBe('BAD_FUNCTION')
  expect(code(js({ lag: 5 }))).toBe('BAD_DURATION')
  expect(code(js({ lag: undefined }))).toBe('BAD_DURATION')
  expect(code(js({ lateTo: {} }))).toBe('BAD_SINK')
  expect(code(js({ allowedLateness: '-1s' }))).toBe('BAD_DURATION')
  expect(code(js({ lag: '0ms' }))).toBeUndefined()
})
